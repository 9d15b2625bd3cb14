import { assert, assertEquals } from "@std/assert";
import { Crowd } from "../../src/query/crowd.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** Work that is done for whoever is there. */
class Work {
  readonly clock = new ManualClock();
  readonly turns: (() => void)[] = [];
  present = 0;
  /** For how many it was done, each time. */
  readonly done: number[] = [];
  readonly crowd = new Crowd({
    clock: this.clock,
    afterTurn: (task) => this.turns.push(task),
    go: () => {
      this.done.push(this.present);
      this.crowd.went(this.present);
      this.present = 0;
    },
  });

  /** So many come one after the other, and the turn ends. */
  come(count: number): void {
    for (let one = 0; one < count; one++) this.crowd.gather(++this.present);
    for (const task of this.turns.splice(0)) task();
  }
}

/** Work that eight have come for so often that all of them are waited for. */
function crowded(): Work {
  const work = new Work();
  for (let round = 0; round < 60; round++) {
    work.come(8);
    work.clock.advance(2);
  }
  assertEquals(work.done, Array(60).fill(8));
  return work;
}

Deno.test("Crowd waits for nobody but the turn's end when nothing is known", () => {
  const work = new Work();
  work.come(1);
  work.come(2);
  assertEquals(work.done, [1, 2]);
});

Deno.test("Crowd waits until as many are there as came before", () => {
  const work = crowded();
  work.come(3);
  work.come(4);
  assertEquals(work.done.length, 60);
  work.come(2);
  assertEquals(work.done.slice(60), [9]);
});

Deno.test("Crowd waits no longer than a millisecond, and then for no more than came", () => {
  const work = crowded();
  work.come(3);
  work.clock.advance(0.9);
  assertEquals(work.done.length, 60);
  work.clock.advance(0.2);
  assertEquals(work.done.slice(60), [3]);
  work.come(3);
  assertEquals(work.done.slice(60), [3, 3]);
});

Deno.test("Crowd waits its time out when the timer of an earlier wait still runs", () => {
  const work = crowded();
  work.come(3);
  work.clock.advance(0.8);
  work.come(6);
  assertEquals(work.done.slice(60), [9]);
  work.come(3);
  work.clock.advance(0.3);
  assertEquals(work.done.slice(60), [9]);
  work.clock.advance(0.8);
  assertEquals(work.done.slice(60), [9, 3]);
});

Deno.test("Crowd asks for one more now and then, for more may have come", () => {
  const work = new Work();
  let waits = 0;
  for (let round = 0; round < 100; round++) {
    work.come(5);
    waits += work.present > 0 ? 1 : 0;
    work.clock.advance(2);
  }
  assertEquals(new Set(work.done), new Set([5]));
  assert(waits > 0 && waits < 10, `waited in vain ${waits} times in 100`);
});
