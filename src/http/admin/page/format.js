// @ts-check
// Numbers as people read them. What is not known is a dash.

const NOTHING = "–";
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** @typedef {number | null | undefined} Maybe */

/**
 * A whole number, with its thousands apart; from a hundred thousand on in short.
 *
 * @param {Maybe} n
 */
export function count(n) {
  if (n === null || n === undefined) return NOTHING;
  if (n >= 1e9) return `${digits(n / 1e9)} G`;
  if (n >= 1e6) return `${digits(n / 1e6)} M`;
  if (n >= 1e5) return `${digits(n / 1e3)} k`;
  return Math.round(n).toLocaleString("en-GB");
}

/**
 * So many a second.
 *
 * @param {Maybe} n
 */
export function rate(n) {
  if (n === null || n === undefined) return NOTHING;
  return n === 0 || n >= 100 ? count(n) : digits(n);
}

/**
 * How long something took.
 *
 * @param {Maybe} n in milliseconds
 */
export function ms(n) {
  if (n === null || n === undefined) return NOTHING;
  if (n >= 60_000) return age(n);
  return n >= 1_000 ? `${digits(n / 1_000)} s` : `${digits(n)} ms`;
}

/**
 * How long ago, or for how long; roughly.
 *
 * @param {Maybe} n in milliseconds
 */
export function age(n) {
  if (n === null || n === undefined) return NOTHING;
  const seconds = Math.max(0, Math.round(n / 1_000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} d`;
}

/**
 * Bytes, in thousands.
 *
 * @param {Maybe} n
 */
export function bytes(n) {
  if (n === null || n === undefined) return NOTHING;
  let [value, unit] = [n, 0];
  while (value >= 1_000 && unit < UNITS.length - 1) [value, unit] = [value / 1_000, unit + 1];
  return `${unit === 0 ? value : digits(value)} ${UNITS[unit]}`;
}

/**
 * A share of 0 to 1; what is hardly anything, or hardly not all, does not look like nothing or all.
 *
 * @param {Maybe} share
 */
export function percent(share) {
  if (share === null || share === undefined || Number.isNaN(share)) return NOTHING;
  const hundred = share * 100;
  if (hundred > 0 && hundred < 0.1) return "<0.1 %";
  if (hundred < 100 && hundred > 99.9) return ">99.9 %";
  return `${hundred >= 10 || hundred === 0 ? Math.round(hundred) : hundred.toFixed(1)} %`;
}

/**
 * The time of day, here.
 *
 * @param {number} at Unix milliseconds
 */
export function clock(at) {
  return new Date(at).toLocaleTimeString("en-GB", { hourCycle: "h23" });
}

/**
 * Since when: the time of day, or of another day its date.
 *
 * @param {number} at Unix milliseconds
 * @param {number} now
 */
export function since(at, now) {
  const [then, today] = [new Date(at), new Date(now)];
  return then.toDateString() === today.toDateString()
    ? clock(at).slice(0, 5)
    : then.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/**
 * One of something, or several.
 *
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function some(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** @param {number} n */
function digits(n) {
  if (n >= 100) return String(Math.round(n));
  if (n >= 10) return n.toFixed(1).replace(/\.0$/, "");
  return n === 0 ? "0" : n < 0.01 ? "<0.01" : n.toFixed(2).replace(/0$/, "").replace(/\.0$/, "");
}
