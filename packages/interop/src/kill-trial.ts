// A download that is killed (`kill -9`) at random instants and started again each time, from one seed of another program. After
// every kill the state directory is looked at as the next start will look at it, and compared with what in fact lies on the
// disk: a piece that is believed and wrong is false, one that is right and not believed is lost.

import { spawn } from 'node:child_process'
import { cp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Random, SeededRandom } from '@torrential/primitives'
import { createSession } from '@torrential/session'
import type { Counterpart } from './counterpart.ts'
import { Ground } from './ground.ts'
import { comparePayload, type Payload, payloadContent, payloadLength, writePayload } from './payload.ts'
import { type MadeTorrent, makeTorrent } from './torrent-file.ts'

export interface KillTrialOptions {
  /** Who seeds. */
  readonly from: Counterpart
  /** How often the download is killed. */
  readonly kills: number
  /** Bytes; a multiple of the piece length. */
  readonly length: number
  /** @default 256 KiB */
  readonly pieceLength?: number
  /**
   * `last`: one download is killed again and again until it is complete, then the next. `each`: the start after every kill runs to
   * its end, and every byte is compared. @default 'last'
   */
  readonly finish?: 'last' | 'each'
  /** Of the instants; printed by whoever runs it. @default 1 */
  readonly seed?: number
  /** Told after each kill. */
  readonly onKill?: (kill: KillReport) => void
}

/** What was found after one kill. */
export interface KillReport {
  /** Pieces that are right on the disk. */
  readonly right: number
  /** Of those, pieces that the next start would not know of; without those that an earlier kill had lost. */
  readonly lost: number
  /** Pieces that the next start would believe and that are wrong. */
  readonly wrong: number
  /** Pieces that the next start would hash before it knows. */
  readonly hashed: number
}

export interface KillTrialReport {
  readonly kills: readonly KillReport[]
  /** Downloads that came to their end in between, compared byte by byte. */
  readonly completed: number
}

/** The command as it is built; `tsc -b` has made it. */
const command = fileURLToPath(new URL('../../cli/bin/torrential.js', import.meta.url))

export async function killTrial(options: KillTrialOptions): Promise<KillTrialReport> {
  const { from, length, pieceLength = 256 * 1024, finish = 'last', seed = 1 } = options
  const payload: Payload = { name: 'killed.bin', length, pieceLength, seed: 77 }
  const torrent = makeTorrent(payload)
  const random = new SeededRandom(seed)
  await using ground = await Ground.create()
  const source = await ground.folder('source')
  await writePayload(payload, source)
  const seeder = await from.seed(ground, { torrent: torrent.bytes, directory: source })
  const file = join(source, 'killed.torrent')
  await using handle = await open(file, 'w')
  await handle.writeFile(torrent.bytes)
  // Where each is finished, an instant may be anywhere in a download.
  const most = payloadLength(payload) / pieceLength / (finish === 'each' ? 1 : 12)
  const trial = new Trial({ ground, payload, torrent, file, peer: seeder.address, random, most })
  await trial.begin()
  const kills: KillReport[] = []
  while (kills.length < options.kills) {
    const report = await trial.killOnce()
    if (report !== undefined) {
      kills.push(report)
      options.onKill?.(report)
      if (finish === 'each') await trial.finish()
    }
    // It is complete, or was before its time had come: the next one starts from nothing.
    if (report === undefined || finish === 'each') await trial.begin()
  }
  if (finish === 'last') await trial.finish()
  return { kills, completed: trial.completed }
}

interface TrialParts {
  readonly ground: Ground
  readonly payload: Payload
  readonly torrent: MadeTorrent
  readonly file: string
  readonly peer: string
  readonly random: Random
  /** Pieces of one run before the kill at most. */
  readonly most: number
}

class Trial {
  completed = 0
  #target = ''
  #state = ''
  /** Pieces that a kill lost and that have not come again since. */
  #missing = new Set<number>()
  readonly #parts: TrialParts

  constructor(parts: TrialParts) {
    this.#parts = parts
  }

  async begin(): Promise<void> {
    const { ground } = this.#parts
    for (const folder of [this.#target, this.#state]) if (folder !== '') await rm(folder, { recursive: true })
    this.#missing.clear()
    this.#target = await ground.folder('target')
    this.#state = await ground.folder('state')
  }

  /** Undefined when the download was complete first. */
  async killOnce(): Promise<KillReport | undefined> {
    const { random, most } = this.#parts
    // One in eight dies while it starts, the others after some pieces and a moment.
    const isEarly = random.next() < 1 / 8
    const pieces = isEarly ? 0 : 1 + Math.floor(random.next() * most)
    const delay = random.next() * (isEarly ? 700 : 40)
    if (await this.#run({ pieces, delay })) {
      await this.#compare()
      return undefined
    }
    return this.#examine()
  }

  /** Lets it come to its end. */
  async finish(): Promise<void> {
    await this.#run({ pieces: Number.POSITIVE_INFINITY, delay: 0 })
    await this.#compare()
  }

  async #compare(): Promise<void> {
    await comparePayload(this.#parts.payload, this.#target)
    this.completed++
  }

  /** True when it ended by itself before it was killed. */
  async #run(when: { readonly pieces: number; readonly delay: number }): Promise<boolean> {
    const { file, peer } = this.#parts
    const folders = ['--path', this.#target, '--state', this.#state]
    const args = [command, 'download', file, ...folders, '--peer', peer, '--port', '0', '--no-trackers', '--json']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const kill = (): void => void setTimeout(() => child.kill('SIGKILL'), when.delay)
    let seen = 0
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"type":"piece"') && ++seen === when.pieces) kill()
    })
    if (when.pieces === 0) kill()
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
      child.once('close', (...ended) => resolve(ended))
    })
    if (signal === null && code !== 0) throw new Error(`the download ended with ${code}`)
    return signal === null
  }

  async #examine(): Promise<KillReport> {
    const { ground, torrent } = this.#parts
    const copy = await ground.folder('copy')
    await cp(this.#state, copy, { recursive: true })
    await using session = await createSession({ state: copy, listen: false, trackers: false })
    const events = session.events({ types: ['checking', 'ready'] })
    const added = await session.add(torrent.bytes, { path: this.#target, start: false })
    const steps: number[] = []
    for await (const event of events) {
      if (event.type === 'ready') break
      if (event.type === 'checking') steps.push(event.of)
    }
    await added.ready
    const believed = added.bitfield
    // One word that all is believed, or one that much is believed and then one for each step of hashing.
    const hashed = steps.length > 1 ? (steps.at(-1) ?? 0) : 0
    const right = await this.#piecesOnDisk()
    const missing = new Set<number>()
    let wrong = 0
    for (const [piece, isRight] of right.entries()) {
      const isBelieved = believed.has(piece)
      if (isRight && !isBelieved) missing.add(piece)
      if (!isRight && isBelieved) wrong++
    }
    const lost = [...missing].filter((piece) => !this.#missing.has(piece)).length
    this.#missing = missing
    // It writes to the copy until it is closed.
    await session.close()
    await rm(copy, { recursive: true })
    return { right: right.filter(Boolean).length, lost, wrong, hashed }
  }

  /** For each piece whether the disk has it, byte for byte. */
  async #piecesOnDisk(): Promise<boolean[]> {
    const { payload } = this.#parts
    const right: boolean[] = []
    const path = join(this.#target, payload.name)
    const handle = await open(path, 'r').catch(() => undefined)
    if (handle === undefined) return Array.from({ length: payloadLength(payload) / payload.pieceLength }, () => false)
    await using file = handle
    const found = Buffer.alloc(1024 * 1024)
    let offset = 0
    for (const bytes of payloadContent(payload, 0, payloadLength(payload))) {
      const { bytesRead } = await file.read(found, 0, bytes.length, offset)
      for (let at = 0; at < bytes.length; at += payload.pieceLength) {
        const end = at + payload.pieceLength
        right.push(bytesRead >= end && found.compare(bytes, at, end, at, end) === 0)
      }
      offset += bytes.length
    }
    return right
  }
}
