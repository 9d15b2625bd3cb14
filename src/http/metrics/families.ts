import { CACHE_FAMILIES } from "./cache_families.ts";
import { CALL_FAMILIES } from "./call_families.ts";
import type { Family } from "./family.ts";
import { FLEET_FAMILIES } from "./fleet_families.ts";
import { LOCK_FAMILIES } from "./lock_families.ts";
import { POOL_FAMILIES } from "./pool_families.ts";
import { PROCESS_FAMILIES } from "./process_families.ts";

/** All that `GET /metrics` writes, in its order. */
export const FAMILIES: readonly Family[] = [
  ...CALL_FAMILIES,
  ...POOL_FAMILIES,
  ...CACHE_FAMILIES,
  ...LOCK_FAMILIES,
  ...FLEET_FAMILIES,
  ...PROCESS_FAMILIES,
];
