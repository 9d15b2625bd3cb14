/** What one run of wrk saw. */
export interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx or 3xx, and socket errors. */
  readonly errors: number;
}

/** What to send. `{id}` in path and body is a random player, by `ids`. */
export interface Shape {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ids: number;
}

/** Runs wrk once against `url` and reads its figures. @throws {Error} if wrk fails */
export function runWrk(
  url: string,
  options: { readonly shape: Shape; readonly connections: number; readonly seconds: number },
): Promise<Load> {
  return runScript(url, { ...options, lua: luaOf(options.shape) });
}

/**
 * Runs wrk once with a script of one's own, which must not define `done`.
 *
 * @throws {Error} if wrk fails
 */
export async function runScript(
  url: string,
  options: { readonly lua: string; readonly connections: number; readonly seconds: number },
): Promise<Load> {
  const { lua, connections, seconds } = options;
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  try {
    await Deno.writeTextFile(script, lua + DONE);
    const { success, stdout, stderr } = await new Deno.Command("wrk", {
      args: ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url],
    }).output();
    const text = new TextDecoder().decode(stdout);
    const line = text.split("\n").find((candidate) => candidate.startsWith("FIGURES "));
    if (!success || line === undefined) {
      throw new Error(`Cannot run wrk: ${text}${new TextDecoder().decode(stderr)}`);
    }
    return JSON.parse(line.slice("FIGURES ".length)) as Load;
  } finally {
    await Deno.remove(script);
  }
}

/** Prints what a {@linkcode Load} holds. */
const DONE = `
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'FIGURES {"requests":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
`;

function luaOf(shape: Shape): string {
  const quote = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  const fill = (text: string) => `(string.gsub(${quote(text)}, "{id}", id))`;
  const headers = Object.entries(shape.headers)
    .map(([name, value]) => `[${quote(name)}] = ${quote(value)}`).join(", ");
  const body = shape.body === undefined ? "nil" : fill(shape.body);
  return `
local headers = { ${headers} }
function init() math.randomseed(os.time()) end
function request()
  local id = tostring(math.random(1, ${shape.ids}))
  return wrk.format(${quote(shape.method)}, ${fill(shape.path)}, headers, ${body})
end
`;
}
