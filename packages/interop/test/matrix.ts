// What we do with every other program: each way, every shape of torrent, half a download, and a swarm that loses its seed.
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import {
  comparePayload,
  type Counterpart,
  Ground,
  type MadeTorrent,
  makeTorrent,
  type Payload,
  payloadLength,
  type RunningPeer,
  torrential,
  until,
  writePayload,
} from '../src/index.ts'
import { payloads, singleFile, swarmPayload } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

/** Defines all tests against one program. They run side by side: most of their time is spent waiting for a program's timers. */
export async function matrixWith(other: Counterpart): Promise<void> {
  await suiteWith([other], `torrential and ${other.name}`, () => {
    for (const [what, payload] of payloads) {
      test.concurrent(`we download ${what} from it`, () => transfer(payload, other, torrential))
      test.concurrent(`it downloads ${what} from us`, () => transfer(payload, torrential, other))
    }
    test.concurrent('we go on with half a download from it', () => resumed(other, torrential))
    test.concurrent('it goes on with half a download from us', () => resumed(torrential, other))
    test.concurrent('we and it finish each other when the seed has left', () => orphanedSwarm(other))
  })
}

interface Scene {
  readonly payload: Payload
  readonly torrent: MadeTorrent
  readonly source: string
  readonly target: string
}

async function setScene(ground: Ground, payload: Payload): Promise<Scene> {
  const [source, target] = [await ground.folder('source'), await ground.folder('target')]
  await writePayload(payload, source)
  return { payload, torrent: makeTorrent(payload), source, target }
}

const groundFor = (...programs: readonly Counterpart[]): Promise<Ground> =>
  Ground.create({ namespace: programs.some((program) => program.needsNamespace) })

/** What we write must be exact; other programs may leave out empty files and leave control files behind. */
const check = (payload: Payload, folder: string, by: Counterpart): Promise<void> =>
  comparePayload(payload, folder, { lenient: by !== torrential })

async function transfer(payload: Payload, from: Counterpart, to: Counterpart): Promise<void> {
  await using ground = await groundFor(from, to)
  const { torrent, source, target } = await setScene(ground, payload)
  const seed = await from.seed(ground, { torrent: torrent.bytes, directory: source })
  const leech = await to.leech(ground, { torrent: torrent.bytes, directory: target, peers: [seed.address] })
  await finished(leech, seed)
  await leech.stop()
  await check(payload, target, to)
}

/** Stops a slow download when a third is there and starts it anew: what was there must not come again. */
async function resumed(from: Counterpart, to: Counterpart): Promise<void> {
  await using ground = await groundFor(from, to)
  const { torrent, source, target } = await setScene(ground, singleFile)
  const seed = await from.seed(ground, { torrent: torrent.bytes, directory: source })
  const options = { torrent: torrent.bytes, directory: target, peers: [seed.address] }
  const first = await to.leech(ground, { ...options, downloadLimit: 6_000_000 })
  await until('a third of the pieces', async () => pieces(await first.status()) > torrent.pieceCount / 3, {
    detail: () => `${first.output()}\n${seed.output()}`,
  })
  expect(pieces(await first.status())).toBeLessThan(torrent.pieceCount)
  await first.stop()
  const second = await to.leech(ground, options)
  await finished(second, seed)
  expect((await second.status()).downloaded).toBeLessThan(payloadLength(singleFile) * 0.75)
  await second.stop()
  await check(singleFile, target, to)
}

/**
 * A source with every second piece gives them to the other program and leaves; we have the pieces between. Each then has only the
 * other, and half of what it wants, whatever the speed of the machine.
 */
async function orphanedSwarm(other: Counterpart): Promise<void> {
  await using ground = await groundFor(other)
  const [odd, ourTarget, target] = [
    await ground.folder('odd'),
    await ground.folder('even'),
    await ground.folder('target'),
  ]
  const torrent = makeTorrent(swarmPayload)
  await writeHalf(odd, 1)
  await writeHalf(ourTarget, 0)
  const half = torrent.pieceCount / 2
  const source = await torrential.leech(ground, { torrent: torrent.bytes, directory: odd, host: ground.secondHost })
  const theirs = await other.leech(ground, { torrent: torrent.bytes, directory: target, peers: [source.address] })
  await until(`${other.name} to have half`, async () => pieces(await theirs.status()) === half, {
    detail: () => `${source.output()}\n${theirs.output()}`,
  })
  await source.stop()
  const ours = await torrential.leech(ground, { torrent: torrent.bytes, directory: ourTarget, peers: [theirs.address] })
  await finished(ours, theirs)
  await finished(theirs, ours)
  expect((await ours.status()).downloaded).toBe(payloadLength(swarmPayload) / 2)
  await ours.stop()
  await theirs.stop()
  await check(swarmPayload, ourTarget, torrential)
  await check(swarmPayload, target, other)
}

/** The file with zeros in every second piece: in the odd ones when `parity` is 0. */
async function writeHalf(folder: string, parity: 0 | 1): Promise<void> {
  await writePayload(swarmPayload, folder)
  await using file = await open(join(folder, swarmPayload.name), 'r+')
  const { pieceLength } = swarmPayload
  const zeros = Buffer.alloc(pieceLength)
  for (let piece = 1 - parity; piece * pieceLength < payloadLength(swarmPayload); piece += 2) {
    await file.write(zeros, 0, pieceLength, piece * pieceLength)
  }
}

/** Waits for the leech; a failure is told with what the other side said. */
async function finished(leech: RunningPeer, other: RunningPeer): Promise<void> {
  try {
    await leech.done()
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${other.output()}`, { cause: error })
  }
}

function pieces({ have }: { readonly have: Uint8Array }): number {
  let count = 0
  for (const byte of have) for (let bits = byte; bits > 0; bits &= bits - 1) count += 1
  return count
}
