import { UPDATE } from "./draws.ts";
import { type Call, luaFunction, luaString } from "../wrk.ts";

/**
 * A script for wrk that sends what a file of draws says, over and over: `read` for one record,
 * `update` for another. Each request is put together once.
 *
 * @param options.file the file, as `drawBytes` has it
 * @param options.first the draw to begin with, from 0
 */
export function drawScript(
  options: {
    readonly read: Call;
    readonly update: Call;
    readonly file: string;
    readonly first: number;
  },
): string {
  const { read, update, file, first } = options;
  return `
${luaFunction("read", read)}
${luaFunction("update", update)}
local draws, made, at = "", {}, ${1 + 2 * first}
function init()
  local file = assert(io.open(${luaString(file)}, "rb"))
  draws = file:read("*a")
  file:close()
end
function request()
  local low, high = string.byte(draws, at, at + 1)
  at = at + 2
  if at > #draws then at = 1 end
  local draw = low + 256 * high
  local text = made[draw]
  if text == nil then
    if draw < ${UPDATE} then text = read(tostring(draw)) else text = update(tostring(draw - ${UPDATE})) end
    made[draw] = text
  end
  return text
end
`;
}
