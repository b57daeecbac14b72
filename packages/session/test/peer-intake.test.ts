import { expect, test } from '@jest/globals'
import { createPeerId, type InfoHash, peerAddress, SeededRandom, VirtualClock } from '@torrential/primitives'
import { ConnectionSlots } from '../src/connection-slots.ts'
import type { Dialed } from '../src/dialer.ts'
import { PeerIntake, type PeerIntakeParts, type PeerUser } from '../src/peer-intake.ts'

/** An intake with one place, unless told otherwise, which is taken, and how often somebody looked for peers of no use. */
function fullIntake({ connections = 1, crowded = (): boolean => false } = {}) {
  let dials = 0
  const clock = new VirtualClock()
  const random = new SeededRandom(1)
  const context = {
    clock,
    slots: new ConnectionSlots(100),
    maxTorrentConnections: connections,
    turns: {
      get isCrowded() {
        return crowded()
      },
    },
    dialer: { dial: () => (dials++, new Promise(() => {})) },
    allows: () => true,
    peerId: createPeerId(random),
  }
  const identity = { names: [new Uint8Array(20) as InfoHash] }
  const parts = { context, identity, tiers: [], torrent: undefined, reporter: { emit: () => {} } }
  const intake = new PeerIntake(parts as unknown as PeerIntakeParts, { trackers: false })
  let looks = 0
  const user = {
    meetings: [],
    isFinished: false,
    isBanned: () => false,
    attach: () => undefined,
    makeRoom: () => void looks++,
  }
  intake.start(user as unknown as PeerUser)
  const accept = (index: number) => {
    const address = peerAddress(`10.0.${index >> 8}.${index & 255}`, 6881)
    return intake.accept({ established: { address, peerId: createPeerId(random) } } as unknown as Dialed)
  }
  expect(accept(0)).toBeUndefined()
  return { intake, clock, accept, looks: () => looks, dialed: () => dials }
}

test('connections that find no place make somebody look for peers of no use twice a second, however many they are', () => {
  const { clock, accept, looks } = fullIntake()
  for (let second = 0; second < 10; second++) {
    for (let index = 1; index <= 1_000; index++) {
      expect(accept(index)?.code).toBe('TOO_MANY_CONNECTIONS')
      clock.advance(1)
    }
  }
  expect(looks()).toBe(20)
})

test('a session that is crowded dials no more than a first step of peers', async () => {
  let isCrowded = true
  const { intake, dialed, clock } = fullIntake({ connections: 30, crowded: () => isCrowded })
  for (let index = 0; index < 30; index++) {
    intake.add({ address: peerAddress(`10.1.0.${index}`, 6881), origin: 'tracker' })
  }
  // One has the first place.
  expect(dialed()).toBe(9)
  isCrowded = false
  clock.advance(1_000)
  expect(dialed()).toBe(19)
})

test('the first connection that finds no place after a while is reason enough', () => {
  const { clock, accept, looks } = fullIntake()
  for (let count = 1; count <= 3; count++) {
    accept(count)
    expect(looks()).toBe(count)
    clock.advance(500)
  }
})
