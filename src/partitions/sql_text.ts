/** A name as SQL takes it. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** The table that a partition becomes before it is dropped; one of Realmgate's own. */
export function retiredName(table: string): string {
  return `realmgate_retired_${table}`.slice(0, 64);
}
