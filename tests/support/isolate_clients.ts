import { Client } from "./client.ts";

/**
 * One client per isolate of a service, each with a connection of its own: send one request at a time
 * by each, for a second one would open another connection. To be disposed of.
 */
export interface IsolateClients extends Disposable {
  readonly clients: readonly Client[];
}

const MAX_CONNECTIONS = 64;

/**
 * Finds a connection to each of a service's isolates: the kernel spreads connections over them, and a
 * kept-alive one stays where it is. Which isolate answers is told by its own count of misses.
 *
 * @param options.cache a writable cache
 */
export async function isolateClients(
  url: string,
  options: { readonly apiKey: string; readonly isolates: number; readonly cache: string },
): Promise<IsolateClients> {
  const { apiKey, isolates, cache } = options;
  const connections: Deno.HttpClient[] = [];
  const clients: Client[] = [];
  const misses = async (client: Client) => {
    const { body } = await client.get("/v1/caches");
    const caches = body["caches"] as { name: string; misses: number }[];
    return caches.find(({ name }) => name === cache)?.misses;
  };
  while (clients.length < isolates && connections.length < MAX_CONNECTIONS) {
    const connection = Deno.createHttpClient({ poolMaxIdlePerHost: 1, http2: false });
    connections.push(connection);
    const client = new Client(url, apiKey, { connection });
    const before = await Promise.all(clients.map(misses));
    await client.get(`/v1/caches/${cache}/entries/nobody-put-it`);
    const after = await Promise.all(clients.map(misses));
    if (after.every((count, at) => count === before[at])) clients.push(client);
  }
  if (clients.length < isolates) throw new Error(`Found only ${clients.length} of ${isolates}`);
  return {
    clients,
    [Symbol.dispose]() {
      for (const connection of connections) connection.close();
    },
  };
}
