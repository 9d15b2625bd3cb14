/** A mixture of requests that every service is given. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly keys: "uniform" | "zipfian";
  /** The share of updates among the requests. */
  readonly updates: number;
  /** Which ways through Realmgate are measured. */
  readonly ways: readonly Way[];
}

/** A way through Realmgate: as if it had no caches, or as it is meant. */
export type Way = "uncached" | "cached";

/** Plain reads and writes, and those of YCSB's core workloads that read and update. */
export const WORKLOADS: readonly Workload[] = [
  {
    id: "reads",
    title: "Reads, uniform keys",
    keys: "uniform",
    updates: 0,
    ways: ["uncached", "cached"],
  },
  { id: "writes", title: "Writes, uniform keys", keys: "uniform", updates: 1, ways: ["uncached"] },
  {
    id: "a",
    title: "YCSB A: 50 % reads, 50 % updates, zipfian keys",
    keys: "zipfian",
    updates: 0.5,
    ways: ["cached"],
  },
  {
    id: "b",
    title: "YCSB B: 95 % reads, 5 % updates, zipfian keys",
    keys: "zipfian",
    updates: 0.05,
    ways: ["cached"],
  },
  { id: "c", title: "YCSB C: reads, zipfian keys", keys: "zipfian", updates: 0, ways: ["cached"] },
];
