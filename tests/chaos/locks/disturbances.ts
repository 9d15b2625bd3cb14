/** Whom a fault touched, and when. */
export interface Disturbance {
  readonly from: number;
  readonly to: number;
  readonly clients?: readonly string[];
  readonly services?: readonly number[];
  /** Whether it touched everybody, as one of Redis does. */
  readonly everybody?: boolean;
}

/** How long after a fault a service may need to be connected again, and back in its places. */
const AFTERMATH_MS = 2_500;

/** Times in which somebody may lose a place in line for a good reason. */
export class Disturbances {
  readonly #known: Disturbance[] = [];

  add(disturbance: Disturbance): void {
    this.#known.push(disturbance);
  }

  /** Whether a client that waits through a service was touched between two instants. */
  touched(
    who: { readonly client: string; readonly service: number },
    { from, to }: { readonly from: number; readonly to: number },
  ): boolean {
    return this.#known.some((known) => {
      const { clients, services, everybody } = known;
      if (known.from > to) return false;
      if (clients?.includes(who.client)) return known.to >= from;
      const reached = everybody === true || services?.includes(who.service) === true;
      return reached && known.to + AFTERMATH_MS >= from;
    });
  }
}
