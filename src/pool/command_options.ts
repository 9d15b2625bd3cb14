import type { Scope } from "../core/scope.ts";

/** What runs a command. */
export interface CommandOptions {
  /** What stops the command when it ends. */
  readonly scope: Scope;
  /**
   * For writes: whether a stopped command's promise waits for its true end. Otherwise it fails at
   * once. @default {false}
   */
  readonly settle?: boolean;
  /** Whether the text is not kept prepared, for it will hardly come again. @default {false} */
  readonly once?: boolean | undefined;
  /** What traces call it, where it is not the statement that the connection was lent for. */
  readonly aside?: string;
}

/** What begins and ends a transaction, as {@linkcode PooledConnection.transact} takes it. */
export type TransactionCommand = "START TRANSACTION" | "COMMIT" | "ROLLBACK";

/** What stops one of them when it ends. */
export type TransactOptions = Pick<CommandOptions, "scope">;

/** What runs a whole transaction. */
export interface TransactAllOptions extends CommandOptions {
  /** Told when its last statement was answered, and only its COMMIT is waited for. */
  readonly executed?: () => void;
}
