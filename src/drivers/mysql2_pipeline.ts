import type {
  Mysql2Callback,
  Mysql2Command,
  Mysql2Connection,
  Mysql2Packet,
} from "./mysql2_connection.ts";

/**
 * Commands that are sent at once and answered one after the other, as one command of mysql2, which by
 * itself sends a command only when the one before has ended. The server reads them from its socket in
 * their order, and each is told its own answer; what became of one does not keep the next from running.
 */
class Pipeline implements Mysql2Command {
  readonly #commands: readonly Mysql2Command[];
  /** Whose answer comes next; `undefined` before they were sent. */
  #at: number | undefined;

  constructor(commands: readonly Mysql2Command[]) {
    this.#commands = commands;
  }

  /** The connection failed: those that were not answered are told. */
  readonly onResult = (error: unknown): void => {
    for (const command of this.#commands.slice(this.#at ?? 0)) command.onResult?.(error);
  };

  execute(packet: Mysql2Packet | undefined, connection: Mysql2Connection): boolean {
    if (this.#at === undefined) this.#send(connection);
    else if (this.#commands[this.#at]?.execute(packet, connection) === true) {
      this.#at++;
      // Each answer's packets are numbered anew, behind the command's own.
      connection.sequenceId = 1;
    }
    return this.#at === this.#commands.length;
  }

  #send(connection: Mysql2Connection): void {
    const { stream } = connection;
    stream.cork();
    try {
      for (const command of this.#commands) {
        // It ends without an answer only if it could not be sent: then the answers would not fit.
        if (command.execute(undefined, connection)) throw new Error("a command could not be sent");
      }
    } finally {
      stream.uncork();
    }
    connection.sequenceId = 1;
    this.#at = 0;
  }
}

/**
 * Gives commands to the connection at once.
 *
 * @param commands each gives one command to the connection
 * @param onAnswer told each one's answer by its place, in their order
 */
export function giveTogether(
  connection: Mysql2Connection,
  commands: readonly ((done: Mysql2Callback) => unknown)[],
  onAnswer: (at: number, ...answer: Parameters<Mysql2Callback>) => void,
): void {
  const given: Mysql2Command[] = [];
  const answers: Parameters<Mysql2Callback>[] = [];
  let told = 0;
  const { addCommand } = connection;
  connection.addCommand = (command) => given.push(command);
  try {
    commands.forEach((give, at) =>
      give((...answer) => {
        // Of some they tell at once, and of others only in the next tick.
        answers[at] = answer;
        for (let next; (next = answers[told]) !== undefined;) onAnswer(told++, ...next);
      })
    );
  } finally {
    connection.addCommand = addCommand;
  }
  connection.addCommand(new Pipeline(given));
}
