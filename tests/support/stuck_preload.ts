/**
 * Loaded before `main.ts` by tests only: makes one isolate loop forever as soon as the file that
 * STUCK_FILE names holds the isolate's name. Workers get it through their own script.
 */
if (!("WorkerGlobalScope" in globalThis)) {
  const script = new URL("./stuck_worker.ts", import.meta.url);
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    constructor(_script: URL | string, options?: WorkerOptions) {
      super(script, options);
    }
  };
}

/** Watches the file in this isolate. */
export function watchForStuck(name: string): void {
  const file = Deno.env.get("STUCK_FILE") ?? "";
  const timer = setInterval(() => {
    let text = "";
    try {
      text = Deno.readTextFileSync(file);
    } catch { /* not there yet */ }
    if (text !== name) return;
    for (;;);
  }, 50);
  Deno.unrefTimer(timer);
}

if (!("WorkerGlobalScope" in globalThis)) watchForStuck("isolate-1");
