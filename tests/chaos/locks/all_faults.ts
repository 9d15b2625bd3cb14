import type { Fault } from "./fault.ts";
import { holderStopped } from "./faults/holder_stopped.ts";
import { nothing } from "./faults/nothing.ts";

/** Every fault that there is, in the order in which a run brings them about. */
export const ALL_FAULTS: readonly Fault[] = [nothing, holderStopped];
