import { getEventListeners } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import type { ByteStream, DialOptions, Transport } from '@torrential/contracts'
import { createPeerId, type InfoHash, PeerError, peerAddress, SeededRandom, VirtualClock } from '@torrential/primitives'
import { ConnectionSlots } from '../src/connection-slots.ts'
import { Connector } from '../src/connector.ts'
import { Dialer } from '../src/dialer.ts'

const DIALS = 200
const addressOf = (index: number) => peerAddress(`10.0.${index >> 8}.${index & 255}`, 6881)

/** Nobody ever answers, and every signal that was handed out is kept. */
class Scene {
  readonly clock = new VirtualClock()
  readonly signals: AbortSignal[] = []
  readonly slots = new ConnectionSlots(DIALS)
  readonly failed: unknown[] = []
  dialed = 0
  isUploadOnly = false
  looks = 0
  isCrowded = false
  readonly connector: Connector

  constructor() {
    const { clock, signals, slots } = this
    const transport = {
      dial: (_address: unknown, { signal }: DialOptions = {}) => {
        this.dialed++
        return new Promise<ByteStream>((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        })
      },
    } as unknown as Transport
    const dialer = new Dialer({ transport, clock, peerId: createPeerId(new SeededRandom(1)) })
    const watched = {
      dial: (...[address, swarm, signal]: Parameters<Dialer['dial']>) => {
        signals.push(signal)
        return dialer.dial(address, swarm, signal)
      },
    } as unknown as Dialer
    const names = [new Uint8Array(20) as InfoHash]
    this.connector = new Connector({
      identity: () => ({ names }) as never,
      clock,
      dialer: watched,
      slots,
      isCrowded: () => this.isCrowded,
      refuses: () => undefined,
      connected: () => undefined,
      isFinished: () => true,
      isUploadOnly: () => this.isUploadOnly,
      makeRoom: () => void this.looks++,
      blocked: () => {},
      failed: (_address, error) => this.failed.push(error),
    })
  }

  settle = () => new Promise<void>((resolve) => setImmediate(resolve))
}

describe('many dials that nobody answers', () => {
  test('have no signal in common, and few listeners on each', async () => {
    const { connector, clock, signals, settle, slots } = new Scene()
    connector.start()
    for (let index = 0; index < DIALS; index++) connector.add({ address: addressOf(index), origin: 'tracker' })
    await clock.advanceAsync(2_000, settle)
    expect(slots.used).toBe(DIALS)
    expect(new Set(signals).size).toBe(DIALS)
    // Of the dialer, of the transport, and of the one that is the next to begin.
    for (const signal of signals) expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(2)
    connector.stop()
    await settle()
    for (const signal of signals) expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('end when the torrent stops, and begin again with it', async () => {
    const { connector, clock, signals, settle, slots, failed } = new Scene()
    for (let index = 0; index < DIALS; index++) connector.add({ address: addressOf(index), origin: 'tracker' })
    connector.start()
    await clock.advanceAsync(2_000, settle)
    connector.stop()
    await settle()
    expect(signals.every(({ aborted, reason }) => aborted && (reason as PeerError).code === 'TORRENT_STOPPED')).toBe(
      true,
    )
    expect({ used: slots.used, failed }).toEqual({ used: 0, failed: [] })
    connector.start()
    await clock.advanceAsync(2_000, settle)
    expect(signals).toHaveLength(2 * DIALS)
    expect(signals.slice(DIALS).some(({ aborted }) => aborted)).toBe(false)
    connector.stop()
    await settle()
  })
})

test('while new addresses wait, room is looked for twice a second, however often connections end', async () => {
  const scene = new Scene()
  const { connector, clock, settle } = scene
  connector.start()
  for (let index = 0; index < 2 * DIALS; index++) connector.add({ address: addressOf(index), origin: 'tracker' })
  await clock.advanceAsync(2_000, settle)
  const before = scene.looks
  for (let count = 0; count < 100; count++) {
    connector.fill()
    await clock.advanceAsync(100, settle)
  }
  expect(scene.looks - before).toBe(20)
  connector.stop()
  await settle()
})

test('a torrent with peers enough dials one at a time while the session is crowded, and all the others afterwards', async () => {
  const scene = new Scene()
  const { connector, clock, settle, slots } = scene
  connector.start()
  for (let index = 0; index < 50; index++) connector.add({ address: addressOf(index), origin: 'tracker' })
  await clock.advanceAsync(0, settle)
  expect(slots.used).toBe(10)
  scene.isCrowded = true
  await clock.advanceAsync(999, settle)
  expect(slots.used).toBe(10)
  await clock.advanceAsync(2_001, settle)
  expect(slots.used).toBe(13)
  scene.isCrowded = false
  // It looks again when the next one would have been due.
  await clock.advanceAsync(1_400, settle)
  expect(slots.used).toBe(50)
  connector.stop()
  await settle()
})

describe('a seed from which we parted because we needed nothing', () => {
  const partedFrom = async (scene: Scene) => {
    const { connector, clock, settle } = scene
    connector.adopt(addressOf(1))
    connector.start()
    connector.released(addressOf(1), createPeerId(new SeededRandom(2)), new PeerError('SEED_TO_SEED', 'parted'), 100)
    await clock.advanceAsync(1_000, settle)
  }

  test('is dialed at once where a reader came meanwhile', async () => {
    const scene = new Scene()
    await partedFrom(scene)
    expect(scene.dialed).toBe(1)
    scene.connector.stop()
  })

  test('is left alone otherwise, until a reader comes', async () => {
    const scene = new Scene()
    scene.isUploadOnly = true
    await partedFrom(scene)
    expect(scene.dialed).toBe(0)
    scene.connector.reconsider()
    await scene.settle()
    expect(scene.dialed).toBe(1)
    scene.connector.stop()
  })
})
