// Sessions that live long, torrents that do not: a content is made, seeded, fetched over loopback by a second session, compared,
// and taken out of both again. Between two rounds nothing may be left of the last one.

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSession, type Session } from '@torrential/session'

/** Rounds after which contents repeat in number of files, sizes and kind of link. */
export const CYCLE = 60

export class Churn implements AsyncDisposable {
  readonly #folder: string
  readonly #seeder: Session
  readonly #leecher: Session
  rounds = 0
  bytes = 0

  private constructor(folder: string, seeder: Session, leecher: Session) {
    this.#folder = folder
    this.#seeder = seeder
    this.#leecher = leecher
  }

  static async start(): Promise<Churn> {
    const folder = await mkdtemp(join(tmpdir(), 'torrential-soak-'))
    const options = { port: 0, host: '127.0.0.1', trackers: false }
    const seeder = await createSession({ ...options, state: join(folder, 'state-seed') })
    const leecher = await createSession({ ...options, state: join(folder, 'state-leech') })
    return new Churn(folder, seeder, leecher)
  }

  /** One content of a few files, by .torrent or by magnet link in turn. Rejects when it does not arrive as it was. */
  async round(): Promise<void> {
    const number = this.rounds++
    const name = `content-${number}`
    const origin = join(this.#folder, 'origin')
    const copy = join(this.#folder, 'copy')
    const files = new Map(
      Array.from({ length: 1 + (number % 4) }, (_, at) => [`${at}.bin`, randomBytes(sizeOf(number))]),
    )
    await mkdir(join(origin, name), { recursive: true })
    for (const [file, content] of files) await writeFile(join(origin, name, file), content)
    const seed = await this.#seeder.seed(join(origin, name), { pieceLength: 65_536 })
    await seed.ready
    const source = number % 3 === 0 ? seed.magnet : seed.torrentFile
    const leech = await this.#leecher.add(source, { path: copy, peers: [`127.0.0.1:${this.#seeder.port}`] })
    await leech.done
    for (const [file, content] of files) {
      const got = await readFile(join(copy, name, file))
      if (!got.equals(content)) throw new Error(`round ${number}: ${file} is not what was seeded`)
      this.bytes += got.length
    }
    await this.#leecher.remove(leech, { deleteFiles: true })
    await this.#seeder.remove(seed, { deleteFiles: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leecher.close()
    await this.#seeder.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** 0.1 to 2 MiB. */
function sizeOf(number: number): number {
  return 100_000 + ((number * 7_919) % 20) * 100_000
}
