import type { PeerKey } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Action } from '../src/index.ts'
import { FAST, must, PLAIN, SwarmBench } from './swarm-bench.ts'
import { v2Sample } from './v2-sample.ts'

const sample = v2Sample(6, 2)
const block = new Uint8Array(16_384)
const index = fc.oneof(fc.nat(7), fc.constantFrom(2 ** 31, 2 ** 32 - 1))
const offset = fc.oneof(fc.constantFrom(0, 16_384, 32_768, 1), fc.nat(70_000))
const length = fc.oneof(fc.constantFrom(16_384, 0, 1, 131_072, 2 ** 32 - 1), fc.nat(70_000))
const bytes = fc.uint8Array({ maxLength: 40 })
const blocks = fc.oneof(fc.constant(block), bytes)
const hashFields = {
  piecesRoot: fc.oneof(fc.constant(sample.tree.root), bytes),
  baseLayer: index,
  index,
  length,
  proofLayers: index,
}

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.constantFrom<Message>(
    { type: 'keep-alive' },
    { type: 'choke' },
    { type: 'unchoke' },
    { type: 'unchoke' },
    { type: 'interested' },
    { type: 'not-interested' },
    { type: 'have-all' },
    { type: 'have-none' },
    { type: 'bitfield', bitfield: Uint8Array.of(0b11111100) },
    { type: 'bitfield', bitfield: Uint8Array.of(0b01010100) },
  ),
  fc.record({ type: fc.constantFrom('have' as const, 'suggest' as const, 'allowed-fast' as const), piece: index }),
  fc.record({ type: fc.constant('bitfield' as const), bitfield: bytes }),
  fc.record({
    type: fc.constantFrom('request' as const, 'cancel' as const, 'reject' as const),
    piece: index,
    offset,
    length,
  }),
  fc.record({ type: fc.constant('piece' as const), piece: fc.nat(6), offset, block: blocks }),
  fc.record({ type: fc.constant('extended' as const), id: fc.nat(3), payload: bytes }),
  fc.record({ type: fc.constant('port' as const), port: fc.nat(70_000) }),
  fc.record({ type: fc.constant('hash-request' as const), ...hashFields }),
  fc.record({ type: fc.constant('hash-reject' as const), ...hashFields }),
  fc.record({ type: fc.constant('hashes' as const), ...hashFields, hashes: bytes }),
  fc.record({ type: fc.constant('unknown' as const), id: fc.nat(255), payload: bytes }),
)

type Step =
  | { readonly kind: 'say'; readonly who: number; readonly messages: readonly Message[] }
  | { readonly kind: 'answer' | 'leave' | 'pull'; readonly who: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'disk'; readonly verdict: 'committed' | 'rejected' | 'failed' }
  | { readonly kind: 'wish'; readonly what: 'pause' | 'resume' | 'skip' | 'all' | 'window' }

const who = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('say' as const), who, messages: fc.array(anyMessage, { maxLength: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('answer' as const, 'leave' as const, 'pull' as const), who }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(20, 1_000, 31_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('disk' as const),
      verdict: fc.constantFrom('committed' as const, 'rejected' as const, 'failed' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wish' as const),
      what: fc.constantFrom('pause' as const, 'resume' as const, 'skip' as const, 'all' as const, 'window' as const),
    }),
  },
)

/** Plays one story on four connections and returns the bench. */
function play(
  steps: readonly Step[],
  wholePieceLimit: number,
  version: 'v1' | 'v2',
): { bench: SwarmBench; peers: (PeerKey | undefined)[] } {
  const bench = new SwarmBench({
    have: '##....',
    options: { wholePieceLimit, writeRun: 16_384, creditBytes: 98_304 },
    ...(version === 'v2' && { trees: sample.trees() }),
  })
  const join = (place: number) => bench.join('', { capabilities: place === 3 ? PLAIN : FAST, choking: true })
  const peers = [0, 1, 2, 3].map(join)
  for (const told of steps) {
    if (told.kind === 'wait') bench.wait(told.ms)
    else if (told.kind === 'disk') disk(bench, told.verdict)
    else if (told.kind === 'wish') wish(bench, told.what)
    else {
      const peer = must(peers[told.who])
      if (told.kind === 'say') bench.say(peer, ...told.messages)
      else if (told.kind === 'answer') {
        bench.answer(peer, bench.sent(peer, 'request'))
        for (const request of bench.sent(peer, 'hash-request')) bench.say(peer, sample.answer(request))
      } else if (told.kind === 'pull') {
        while (bench.engine.nextReply(peer) !== undefined);
        for (let up = bench.engine.nextUpload(peer, bench.now); up; up = bench.engine.nextUpload(peer, bench.now))
          bench.engine.uploaded(peer, up.length, bench.now)
      } else {
        bench.leave(peer)
        peers[told.who] = join(told.who)
      }
    }
  }
  return { bench, peers }
}

function disk(bench: SwarmBench, verdict: 'committed' | 'rejected' | 'failed'): void {
  const isForDisk = ({ type }: Action) => /^(commit|verify|write|hash-blocks)$/.test(type)
  const work = bench.actions.filter(isForDisk)
  bench.actions = bench.actions.filter((action) => !isForDisk(action))
  for (const action of work) {
    if (action.type === 'write') {
      const bytesOf = action.blocks.reduce((sum, { length: size }) => sum + size, 0)
      bench.engine.written(action.piece, action.offset, bytesOf, bench.now)
    } else if (action.type === 'hash-blocks') {
      const leaves = verdict === 'failed' ? undefined : sample.leaves(action.piece, verdict === 'rejected' ? [1] : [])
      bench.engine.blockHashes(action.piece, leaves, bench.now)
    } else if (action.type === 'commit' || action.type === 'verify') bench.engine[verdict](action.piece, bench.now)
  }
  bench.drain()
}

function wish(bench: SwarmBench, what: 'pause' | 'resume' | 'skip' | 'all' | 'window'): void {
  if (what === 'pause' || what === 'resume') bench.engine[what](bench.now)
  else if (what === 'window') bench.engine.openWindow({ start: 2, end: 4 }, bench.now)
  else bench.engine.setPriorities(new Uint8Array(6).fill(what === 'all' ? 4 : 0), bench.now)
  bench.drain()
}

describe('Any soup of messages', () => {
  test.each([
    [4_194_304, 'v1'],
    [0, 'v1'],
    [4_194_304, 'v2'],
    [0, 'v2'],
  ] as const)(
    'never throws, and leaves no byte on the account (pieces in runs above %d bytes, %s)',
    (wholePieceLimit, version) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const { bench, peers } = play(steps, wholePieceLimit, version)
          const { requestedBytes, unwrittenBytes } = bench.engine.stats
          expect(requestedBytes).toBeGreaterThanOrEqual(0)
          expect(unwrittenBytes).toBeGreaterThanOrEqual(0)
          expect(requestedBytes + unwrittenBytes).toBeLessThanOrEqual(98_304)
          for (const peer of peers) if (peer !== undefined) bench.leave(peer)
          expect(bench.engine.stats.requestedBytes).toBe(0)
          expect(bench.engine.stats.peers).toBe(0)
          expect([...bench.engine.availability()]).toEqual([0, 0, 0, 0, 0, 0])
        }),
        { seed: 11, numRuns: 300 },
      )
    },
  )

  test.each([
    [4_194_304, 'v1'],
    [0, 'v1'],
    [4_194_304, 'v2'],
    [0, 'v2'],
  ] as const)(
    'leaves an engine that an honest seed can still finish (pieces in runs above %d bytes, %s)',
    (wholePieceLimit, version) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
          const { bench, peers } = play(steps, wholePieceLimit, version)
          for (const peer of peers) if (peer !== undefined) bench.leave(peer)
          bench.engine.resume(bench.now)
          wish(bench, 'all')
          const seed = bench.join('######')
          for (let second = 0; second < 60 && !bench.engine.have.isComplete; second++) {
            const requests = bench.sent(seed, 'request')
            const asked = bench.sent(seed, 'hash-request')
            bench.actions = bench.actions.filter(({ type }) => type !== 'send')
            bench.answer(seed, requests)
            for (const request of asked) bench.say(seed, sample.answer(request))
            disk(bench, 'committed')
            bench.wait(500, [seed])
          }
          expect(bench.engine.have.isComplete).toBe(true)
          expect(bench.engine.stats.unwrittenBytes).toBe(0)
        }),
        { seed: 12, numRuns: 100 },
      )
    },
  )
})
