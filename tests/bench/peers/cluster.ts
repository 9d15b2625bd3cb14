import cluster from "node:cluster";
import process from "node:process";

/**
 * Serves in so many processes of Node on one port: the first hands out the connections in turn, as
 * Node's cluster does. When one of them ends, all do.
 */
export function inCluster(processes: number, serve: () => Promise<void>): void {
  if (!cluster.isPrimary) {
    serve().catch((error) => {
      console.error(error);
      process.exit(1);
    });
    return;
  }
  for (let n = 0; n < processes; n++) cluster.fork();
  cluster.on("exit", () => process.exit(1));
}
