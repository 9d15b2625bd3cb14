import { join } from "node:path";

/** The file in a home that its user holds locked. */
export const LOCK_FILE = "in_use";

/**
 * Takes a home for this process; the system gives it free when the process ends, however it ends.
 * Dispose it to give it free earlier.
 *
 * @throws if another run uses the home
 */
export async function lockHome(home: string): Promise<Disposable> {
  await Deno.mkdir(home, { recursive: true, mode: 0o700 });
  const file = await Deno.open(join(home, LOCK_FILE), {
    read: true,
    write: true,
    create: true,
    mode: 0o600,
  });
  if (!await file.tryLock(true)) {
    file.close();
    const owner = (await Deno.readTextFile(join(home, LOCK_FILE))).trim();
    throw new Error(
      `Cannot use the home ${home}: must be free, received one that process ${owner} uses; ` +
        `stop that one, or set REALMGATE_HOME to another folder`,
    );
  }
  await file.truncate();
  await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  let open = true;
  return {
    [Symbol.dispose]() {
      if (open) file.close();
      open = false;
    },
  };
}

const MADE_HERE =
  /^(in_use|api_key|accounts\.sql(\..*)?|(dev|stack)\.json(\..*)?|redis|service.*|sockets|template.*|tls|s\d+([a-z]|\.writable.*)?)$/;

/**
 * Throws away everything that a home holds, but for its lock.
 *
 * @throws before anything is removed, if the folder holds something that no home does
 */
export async function emptyHome(home: string): Promise<void> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(home)) names.push(name);
  const foreign = names.find((name) => !MADE_HERE.test(name));
  if (foreign !== undefined) {
    throw new Error(
      `Cannot start afresh in ${home}: must be a folder of its own, received one that also holds ` +
        `${foreign}; set REALMGATE_HOME to another folder`,
    );
  }
  for (const name of names) {
    if (name !== LOCK_FILE) await Deno.remove(join(home, name), { recursive: true });
  }
}
