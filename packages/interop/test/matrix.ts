// What we do with every other program: each way, every shape of torrent, half a download, and a swarm that loses its seed.
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

/** A slow seed gives every piece to one of two leeches and goes: each then has only the other. */
async function orphanedSwarm(other: Counterpart): Promise<void> {
  await using ground = await groundFor(other)
  const { torrent, source, target } = await setScene(ground, swarmPayload)
  const ourTarget = await ground.folder('our-target')
  const slow = { torrent: torrent.bytes, uploadLimit: 400_000 }
  const seed = await torrential.seed(ground, {
    ...slow,
    host: ground.secondHost,
    directory: source,
    uploadLimit: 2_500_000,
  })
  const theirs = await other.leech(ground, { ...slow, directory: target, peers: [seed.address] })
  // Some programs need seconds before they ask anybody: without a lead they would find us finished.
  const detail = (): string => [seed, theirs].map((peer) => peer.output()).join('\n')
  await until(`${other.name} to have a piece`, async () => pieces(await theirs.status()) > 0, { detail })
  const ours = await torrential.leech(ground, {
    ...slow,
    directory: ourTarget,
    peers: [seed.address, theirs.address],
  })
  await until('every piece to be with one of the two', async () => together(ours, theirs, torrent.pieceCount), {
    detail: () => `${detail()}\n${ours.output()}`,
  })
  await seed.stop()
  const left = [pieces(await ours.status()), pieces(await theirs.status())]
  expect(Math.max(...left)).toBeLessThan(torrent.pieceCount)
  await ours.setLimits({ upload: 0 })
  await theirs.setLimits({ upload: 0 })
  await finished(ours, theirs)
  await finished(theirs, ours)
  await ours.stop()
  await theirs.stop()
  await check(swarmPayload, ourTarget, torrential)
  await check(swarmPayload, target, other)
}

async function together(ours: RunningPeer, theirs: RunningPeer, pieceCount: number): Promise<boolean> {
  const [a, b] = [(await ours.status()).have, (await theirs.status()).have]
  return pieces({ have: a.map((bits, index) => bits | (b[index] ?? 0)) }) === pieceCount
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
