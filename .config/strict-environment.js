// A test file fails, by name, when an exception was not caught or a rejection not handled during it, also between its tests and after the
// last one, which jest itself either does not see or dies of. The environment is where this can be done: the `process` that tests
// see is a copy that hears nothing. Listeners that tests add belong to that copy, or to processes of their own, and stay theirs.
import { createRequire } from 'node:module'
import { setImmediate, setTimeout } from 'node:timers/promises'

// jest's own environment, wherever the package manager has put it.
const fromJest = createRequire(createRequire(import.meta.url).resolve('jest'))
const fromConfig = createRequire(createRequire(fromJest.resolve('jest-cli')).resolve('jest-config'))
const { TestEnvironment } = fromConfig('jest-environment-node')

// What a test failed of when its resources cannot be disposed of either. The compiler of the tests means to bring this class along
// (Node 20 has none) and looks for it under this name, under which it is not there: a ReferenceError would hide both.
class SuppressedError extends Error {
  name = 'SuppressedError'

  constructor(error, suppressed) {
    super([suppressed, error].map((one) => one?.stack ?? String(one)).join('\nand while resources were disposed of:\n'))
    this.error = error
    this.suppressed = suppressed
  }
}

export default class StrictEnvironment extends TestEnvironment {
  #errors = new Set()
  #note = (error) => this.#errors.add(error)

  async setup() {
    await super.setup()
    this.global._SuppressedError = SuppressedError
    process.on('unhandledRejection', this.#note)
    process.on('uncaughtException', this.#note)
  }

  // jest replaces the listeners of the process for as long as it runs tests.
  handleTestEvent(event) {
    if (event.name === 'error') this.#note(event.error)
  }

  async teardown() {
    try {
      // Whatever is under way without a timer of its own comes to its end, and its rejections to light.
      await setTimeout(1)
      for (let turn = 0; turn < 3; turn++) await setImmediate()
    } finally {
      process.off('unhandledRejection', this.#note)
      process.off('uncaughtException', this.#note)
      await super.teardown()
    }
    if (this.#errors.size === 0) return
    throw new AggregateError(
      [...this.#errors],
      [...this.#errors].map((error) => error?.stack ?? String(error)).join('\n'),
    )
  }
}
