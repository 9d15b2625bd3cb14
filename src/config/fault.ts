/** One fault of a configuration file. */
export interface ConfigFault {
  /** Where, such as `shards[0].nodes[1].address`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}
