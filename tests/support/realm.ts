import { type Realm, startRealm } from "../../deploy/local/realm.ts";
import type { ServiceProcess } from "../../deploy/local/service_process.ts";
import { Client } from "./client.ts";

/** The example realm on servers of its own, in a folder that goes with it. */
export interface TestRealm extends AsyncDisposable {
  readonly realm: Realm;
  /** Starts a service on it and returns it with a client. */
  serve(
    options?: Parameters<Realm["startService"]>[0],
  ): Promise<{ readonly service: ServiceProcess; readonly client: Client }>;
}

/**
 * Starts the servers of the example realm, or of another one; use it with `await using`.
 *
 * @param options.realm a folder that {@linkcode realmWith} has made: it goes with the servers
 */
export async function testRealm(options: { readonly realm?: string } = {}): Promise<TestRealm> {
  const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
  const realm = await startRealm({ ...options, home });
  return {
    realm,
    async serve(serviceOptions) {
      const service = await realm.startService(serviceOptions);
      return { service, client: new Client(service.url, realm.apiKey) };
    },
    async [Symbol.asyncDispose]() {
      await realm.stop();
      await Deno.remove(home, { recursive: true });
      if (options.realm !== undefined) await Deno.remove(options.realm, { recursive: true });
    },
  };
}

/** A realm folder of a test's own: the example's tables, and statements of the test's. */
export async function realmWith(statements: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "realmgate-realm-" });
  const example = new URL("../../deploy/example/", import.meta.url).pathname;
  await copyFolder(example, folder);
  await Deno.writeTextFile(`${folder}/statements/test.sql`, statements);
  return folder;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyFolder(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}
