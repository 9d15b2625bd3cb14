/** What to do about a file that was saved. */
export type Reaction = "restart" | "reload" | "migrate";

const SETTLE_MS = 120;

/**
 * Watches folders and calls `on` once per burst of saves, with the strongest reaction that
 * `reactionTo` gave to any of its files, `restart` before `reload`. Folders that do not exist are
 * left out. Dispose it to stop.
 */
export function watchFiles(
  options: {
    readonly folders: readonly { readonly path: string; readonly recursive: boolean }[];
    readonly reactionTo: (path: string) => Reaction | undefined;
    readonly on: (reaction: Reaction, paths: readonly string[]) => void;
  },
): Disposable {
  const { reactionTo, on } = options;
  const changed = new Map<string, Reaction>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settle = () => {
    const reactions: readonly Reaction[] = ["restart", "reload", "migrate"];
    for (const reaction of reactions) {
      const paths = [...changed].filter(([, its]) => its === reaction).map(([path]) => path);
      if (paths.length === 0) continue;
      on(reaction, paths);
      if (reaction === "restart") break;
    }
    changed.clear();
  };
  const watchers: Deno.FsWatcher[] = [];
  for (const { path, recursive } of options.folders) {
    try {
      watchers.push(Deno.watchFs(path, { recursive }));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const listen = async (watcher: Deno.FsWatcher) => {
    for await (const event of watcher) {
      if (event.kind === "access") continue;
      for (const path of event.paths) {
        const reaction = reactionTo(path);
        if (reaction === undefined) continue;
        changed.set(path, reaction);
        clearTimeout(timer);
        timer = setTimeout(settle, SETTLE_MS);
      }
    }
  };
  for (const watcher of watchers) void listen(watcher);
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
