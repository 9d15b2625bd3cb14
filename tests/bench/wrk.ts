/** What one run of wrk saw. */
export interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx or 3xx, and socket errors. */
  readonly errors: number;
}

/** A request. `{id}` in path and body stands for a player. */
export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What to send: a call, each time for a random player of the first `ids`. */
export interface Shape extends Call {
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
  return `
${luaFunction("send", shape)}
function init() math.randomseed(os.time()) end
function request() return send(tostring(math.random(1, ${shape.ids}))) end
`;
}

/** A local function in Lua that makes a call's request for a player's id, a string. */
export function luaFunction(name: string, call: Call): string {
  const fill = (text: string) => `(string.gsub(${luaString(text)}, "{id}", id))`;
  const headers = Object.entries(call.headers)
    .map(([header, value]) => `[${luaString(header)}] = ${luaString(value)}`).join(", ");
  const body = call.body === undefined ? "nil" : fill(call.body);
  return `
local ${name}_headers = { ${headers} }
local function ${name}(id)
  return wrk.format(${luaString(call.method)}, ${fill(call.path)}, ${name}_headers, ${body})
end`;
}

/** A text as Lua writes it. */
export function luaString(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
