// A network namespace with one link to it, for programs that take no peers on loopback addresses (transmission). Nothing else of the
// machine's network is reachable from inside, and nothing of it is changed.
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { promisify } from 'node:util'
import { findProgram } from './program.ts'

const run = promisify(execFile)
const attempts = 5

/** See the module's header. */
export class NetworkNamespace implements AsyncDisposable {
  readonly name: string
  /** Our address on the link. */
  readonly outside: string
  /** A second address of ours on the link. */
  readonly secondOutside: string
  /** The address of the programs inside. */
  readonly inside: string

  private constructor(name: string, network: string) {
    this.name = name
    this.outside = `${network}.1`
    this.inside = `${network}.2`
    this.secondOutside = `${network}.3`
  }

  /** Why none can be made here, or true. */
  static available(): true | string {
    if (findProgram('ip') === undefined) return 'iproute2 (the program `ip`) is not installed'
    if (process.getuid?.() !== 0) return 'making a network namespace needs root'
    return true
  }

  /** Makes one. Addresses are drawn from 10.64.0.0/10, again when the kernel finds them taken. */
  static async create(): Promise<NetworkNamespace> {
    for (let attempt = 1; ; attempt += 1) {
      const id = randomInt(0, 0x10_00_00)
      const network = `10.${64 + (id >> 14)}.${(id >> 6) & 0xff}`
      const namespace = new NetworkNamespace(`trt${id.toString(16)}`, network)
      try {
        await namespace.#make()
        return namespace
      } catch (error) {
        await namespace[Symbol.asyncDispose]()
        if (attempt === attempts) throw error
      }
    }
  }

  /** Removes it. The link goes with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await ip('netns', 'del', this.name).catch(() => undefined)
    await ip('link', 'del', `${this.name}o`).catch(() => undefined)
  }

  async #make(): Promise<void> {
    const { name } = this
    await ip('netns', 'add', name)
    await ip('link', 'add', `${name}o`, 'type', 'veth', 'peer', 'name', `${name}i`)
    await ip('link', 'set', `${name}i`, 'netns', name)
    for (const address of [this.outside, this.secondOutside]) {
      await ip('addr', 'add', `${address}/24`, 'dev', `${name}o`)
    }
    await ip('link', 'set', `${name}o`, 'up')
    await ip('-n', name, 'addr', 'add', `${this.inside}/24`, 'dev', `${name}i`)
    await ip('-n', name, 'link', 'set', `${name}i`, 'up')
    await ip('-n', name, 'link', 'set', 'lo', 'up')
  }
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args)
}
