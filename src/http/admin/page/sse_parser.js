// @ts-check
// Server-sent events out of the text of a stream, by the rules of the HTML standard (section 9.2.6).

/** Characters of one event; a stream that sends more is none of ours. */
const MAX_EVENT = 32_000_000;

/** @typedef {{ event: string, data: string, id: string | null }} ServerEvent */

/** Takes a stream's text in pieces, however they are cut. */
export class SseParser {
  #rest = "";
  /** @type {string | null} */
  #id = null;

  /**
   * The events that are whole by now.
   *
   * @param {string} text
   * @returns {ServerEvent[]}
   */
  push(text) {
    const blocks = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? "";
    if (this.#rest.length > MAX_EVENT) {
      throw new Error("Cannot read the stream: an event has no end");
    }
    return blocks.map((block) => this.#read(block)).filter((event) => event !== undefined);
  }

  /** @param {string} block */
  #read(block) {
    let event = "message";
    /** @type {string[]} */
    const data = [];
    for (const line of block.split(/\r?\n/)) {
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") event = value;
      else if (field === "data") data.push(value);
      else if (field === "id") this.#id = value;
    }
    return data.length === 0 ? undefined : { event, data: data.join("\n"), id: this.#id };
  }
}
