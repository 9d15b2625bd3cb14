/**
 * Ends the program in order when a signal tells it to: what it has started is ended first. What is
 * under way fails meanwhile, which nobody has to hear of.
 *
 * @param end ends what was started
 * @returns passes on what its argument comes to, and nothing any longer once a signal has come
 */
export function untilStopped(
  end: () => Promise<void>,
): <Result>(work: Promise<Result>) => Promise<Result> {
  const never = new Promise<never>(() => {});
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, async () => {
      if (stopping) return;
      stopping = true;
      globalThis.addEventListener("unhandledrejection", (event) => event.preventDefault());
      await end();
      Deno.exit(130);
    });
  }
  return async (work) => {
    try {
      const result = await work;
      return stopping ? await never : result;
    } catch (error) {
      if (stopping) return await never;
      throw error;
    }
  };
}
