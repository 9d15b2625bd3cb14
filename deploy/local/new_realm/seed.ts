/** The first rows, loaded once; each goes to the shard that holds its key. */
export function seed() {
  return [{
    table: "heroes",
    columns: ["id", "name", "gold"],
    key: "id",
    rows: [[1, "Aria", 100], [2, "Bram", 100], [3, "Cleo", 100]],
  }];
}
