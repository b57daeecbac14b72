// A temporary folder with a payload in it, and sessions on one network in memory: what every test of the session starts from.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Scope, SeededRandom } from '@torrential/primitives'
import { createSession, type Session, type SessionOptions, type Torrent } from '@torrential/session'
import { MemoryNetwork } from '@torrential/transport'

export class BenchFolder implements AsyncDisposable {
  readonly path: string
  readonly network = new MemoryNetwork()
  readonly #random: SeededRandom
  readonly #scope = new Scope()

  private constructor(path: string, seed: number) {
    this.path = path
    this.#random = new SeededRandom(seed)
  }

  static async create(seed = 1): Promise<BenchFolder> {
    return new BenchFolder(await mkdtemp(join(tmpdir(), 'session-')), seed)
  }

  /** Writes files of random bytes (or the given text) below `origin/`, by relative path. */
  async write(files: Readonly<Record<string, number | string>>): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.path, 'origin', path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, typeof content === 'string' ? content : this.#random.bytes(content))
    }
    return join(this.path, 'origin')
  }

  /** A session on the network in memory. */
  async session(options: SessionOptions = {}): Promise<Session> {
    const transport = this.network.transport()
    const session = await createSession({ transport, host: transport.host, trackers: false, ...options })
    this.#scope.own(session)
    return session
  }

  /** A seed of `origin/<name>`. */
  async seed(name: string, options: SessionOptions & { pieceLength?: number } = {}): Promise<[Session, Torrent]> {
    const { pieceLength = 16_384, ...rest } = options
    const session = await this.session(rest)
    const torrent = await session.seed(join(this.path, 'origin', name), { pieceLength })
    await torrent.done
    return [session, torrent]
  }

  /** Where others reach a session. */
  addressOf(session: Session): string {
    return `${session.addresses[0]?.host}:${session.port}`
  }

  /** A folder for a copy. */
  copy(name = 'copy'): string {
    return join(this.path, name)
  }

  /** True when each file of the torrent below `copy` is the one below `origin`, byte for byte. */
  async isCopied(torrent: Torrent, copy = this.copy()): Promise<boolean> {
    for (const file of torrent.files) {
      const original = await readFile(join(this.path, 'origin', file.path))
      if (Buffer.compare(original, await readFile(join(copy, file.path))) !== 0) return false
    }
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.close()
    await rm(this.path, { recursive: true, force: true })
  }
}
