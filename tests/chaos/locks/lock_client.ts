/** A grant as its client sees it; instants are of the machine's shared clock. */
export interface ClientGrant {
  readonly token: string;
  /** `""` where the lock has none. */
  readonly fence: string;
  /** Until when the client relies on it. */
  readonly until: number;
}

/** Why a client got none. */
export interface NoGrant {
  readonly why: "held" | "left" | "failed";
  readonly detail: string;
  /** Whether the same request may be sent again under its key. */
  readonly sameKey: boolean;
}

/** A way to a lock: Realmgate's, or that of the control. */
export interface LockClient {
  /**
   * Asks for a lock and waits for it.
   *
   * @param options.signal ends the wait: the client leaves
   * @param options.sentAt the instant just before the request was sent
   */
  acquire(
    lock: string,
    options: {
      readonly service: number;
      readonly key: string | undefined;
      readonly signal: AbortSignal;
      readonly sentAt: number;
    },
  ): Promise<ClientGrant | NoGrant>;
  /** @returns until when the client relies on it now; 0 if it is lost, `undefined` if nobody knows */
  renew(
    lock: string,
    options: { readonly token: string; readonly service: number; readonly sentAt: number },
  ): Promise<number | undefined>;
  release(
    lock: string,
    options: { readonly token: string; readonly service: number },
  ): Promise<boolean>;
  close(): void;
}
