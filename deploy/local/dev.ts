/**
 * `deno task dev`: everything that is needed to work on a realm, in one command. See `--help`.
 */
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { exists } from "./data_template.ts";
import { DevSession } from "./dev_session.ts";
import { initRealm } from "./init_realm.ts";
import { watchLaunchers } from "./launchers.ts";
import { EXAMPLE } from "./realm.ts";
import { serveConfiguration, type ServedRealm, serveRealm } from "./served_realm.ts";
import { ROOT } from "./service_process.ts";
import { choosePort } from "./serving_port.ts";

const HELP = `deno task dev [--realm <folder>] [--fresh]
deno task dev --init <folder>

Starts two shards of MariaDB, each with a replica, and Redis, all private; makes the realm's tables
and first rows; serves it. Ctrl-C ends everything; the data stays for the next time.

  --realm <folder>  the realm to serve (default: the example realm, deploy/example)
  --fresh           throw the data of all earlier runs away first
  --init <folder>   write a small realm of your own there, and start nothing
  --help            show this

  PORT              the port to serve on (default 8080, or one near it if that is busy)
  REALMGATE_HOME    where the data and dev.json are (default .realmgate)
  REALMGATE_CONFIG  a configuration of your own servers: serves that, and starts no servers
`;

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      realm: { type: "string" },
      init: { type: "string" },
      fresh: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const from = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  if (values.help) return console.log(HELP);
  if (values.init !== undefined) return await init(resolve(from, values.init), from);
  const home = resolve(from, Deno.env.get("REALMGATE_HOME") || join(ROOT, ".realmgate"));
  const realm = values.realm === undefined ? EXAMPLE : resolve(from, values.realm);
  if (!await exists(join(realm, "realmgate.yaml"))) {
    throw new Error(
      `Cannot serve the realm ${realm}: must hold realmgate.yaml, received none; ` +
        `--init ${relative(from, realm) || "."} writes a new realm there`,
    );
  }
  await develop({ home, realm, fresh: values.fresh ?? false });
}

async function init(folder: string, from: string): Promise<void> {
  for (const file of await initRealm(folder)) console.log(`✓ ${relative(from, file)}`);
  const shown = relative(from, folder) || ".";
  console.log(`
A realm of your own: one table, three statements. Serve it with

  npx --yes deno@${Deno.version.deno} task dev --realm ${shown}

then change ${join(shown, "statements", "hero.sql")} and save it: it is served at once.`);
}

async function develop(
  options: { readonly home: string; readonly realm: string; readonly fresh: boolean },
): Promise<void> {
  const began = performance.now();
  const signalled = Promise.withResolvers<true>();
  const signals: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, () => signalled.resolve(true));
  const launcherGone = watchLaunchers();
  const timer = setInterval(() => launcherGone() && signalled.resolve(true), 250);
  Deno.unrefTimer(timer);
  void signalled.promise.then(() => console.log("\nStopping: the service, then the servers"));
  const realm = await serve(options);
  const session = new DevSession({
    realm,
    home: options.home,
    port: Deno.env.get("PORT"),
    print: (line) => console.log(line),
    color: Deno.stdout.isTerminal() && !Deno.noColor,
  });
  try {
    const ended = await Promise.race([signalled.promise, session.start()]);
    if (ended !== true) await welcome(session, { ...options, apiKey: realm.apiKey, began });
    await signalled.promise;
  } finally {
    await session.stop();
  }
  console.log("Stopped");
  Deno.exit(0);
}

async function serve(
  options: { readonly home: string; readonly realm: string; readonly fresh: boolean },
): Promise<ServedRealm> {
  const own = Deno.env.get("REALMGATE_CONFIG") ?? "";
  if (own !== "") {
    console.log(`Using the servers of ${own} (REALMGATE_CONFIG)`);
    return await serveConfiguration(own, options.home);
  }
  const asked = Deno.env.get("PORT");
  // Said before anything is started; the port itself is chosen when the service starts.
  choosePort({ asked, usual: 0, notice: () => {} });
  return await serveRealm({
    ...options,
    step: (name, ms) => console.log(`✓ ${name}  ${Math.round(ms)} ms`),
    notice: (text) => console.log(text),
  });
}

async function welcome(
  session: DevSession,
  options: {
    readonly home: string;
    readonly realm: string;
    readonly apiKey: string | undefined;
    readonly began: number;
  },
): Promise<void> {
  const took = ((performance.now() - options.began) / 1_000).toFixed(1);
  const curl = await session.curl();
  console.log(`
Realmgate serves ${session.url} after ${took} s
  reference  ${session.url}/docs
  operator   ${session.url}/admin
  API key    ${options.apiKey ?? "one of your configuration's"}
  servers    ${join(options.home, "dev.json")}
${
    curl === undefined
      ? ""
      : `Try it:\n  ${curl}\n`
  }Save a statement to serve it at once. Ctrl-C ends everything.
`);
}
