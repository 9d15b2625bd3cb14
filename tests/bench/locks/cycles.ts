import type { Load } from "../wrk.ts";

/**
 * Acquires and releases random locks with wrk: each granted token is released by the next request
 * of the same thread. Half of the requests are acquires.
 *
 * @throws {Error} if wrk fails
 */
export async function runCycles(
  url: string,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly locks: number;
    readonly connections: number;
    readonly seconds: number;
  },
): Promise<Load> {
  const { headers, locks, connections, seconds } = options;
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  const lines = Object.entries(headers).map(([name, value]) => `["${name}"] = "${value}"`);
  await Deno.writeTextFile(
    script,
    `
local acquire = { ["Content-Type"] = "application/json", ${lines.join(", ")} }
local granted, first = {}, 1
function init() math.randomseed(os.time()) end
function request()
  local grant = table.remove(granted)
  if grant then
    local release = { ["Realmgate-Lock-Token"] = grant[2], ${lines.join(", ")} }
    return wrk.format("DELETE", "/v1/locks/" .. grant[1], release)
  end
  return wrk.format("POST", "/v1/locks/bench:" .. math.random(1, ${locks}), acquire, '{"ttlMs":10000}')
end
function response(status, headers, body)
  if status == 201 then
    granted[#granted + 1] = { string.match(body, '"name":"([^"]+)"'), string.match(body, '"token":"(%x+)"') }
  end
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'FIGURES {"requests":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
`,
  );
  try {
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
