// A tape of what four peers say and do to one `SwarmEngine`, with disk, time and wishes of the user in between. Whatever they say:
// nothing is thrown, connections end with a code, the accounts are right, and an honest seed can finish the download.

import type { PeerKey } from '@torrential/primitives'
import { type Message, MessageDecoder } from '@torrential/protocol'
import { PeerError } from '@torrential/primitives'
import { FAST, must, PLAIN, SwarmBench } from '../../../engine/test/swarm-bench.ts'
import { v2Sample } from '../../../engine/test/v2-sample.ts'
import type { Dice } from '../dice.ts'
import { expectThat, type Surface, type Verdict } from '../surface.ts'
import { anyFrame } from './messages.ts'

const sample = v2Sample(6, 2)
const CREDIT = 98_304
/** What one input may make the engine do. */
const MOST_ACTIONS = 20_000
const OPS = ['say', 'say', 'say', 'answer', 'leave', 'pull', 'wait', 'disk', 'wish'] as const

export const engine: Surface = {
  name: 'engine',
  weight: 0.5,
  seeds: [1, 2].map((version) =>
    tape(version, [
      [0, 0, Uint8Array.of(0, 0, 0, 1, 14, 0, 0, 0, 1, 1)],
      [3, 0],
      [7, 0],
      [5, 0],
    ]),
  ),
  words: [Uint8Array.of(0, 0, 0, 5), Uint8Array.of(3, 0), Uint8Array.of(7, 1), Uint8Array.of(6, 2)],
  generate(dice) {
    const steps = Array.from({ length: 1 + dice.size(30) }, () => step(dice))
    return tape(dice.below(4), steps)
  },
  judge(input) {
    const story = new Story(input[0] ?? 0)
    for (let at = 1; at + 1 < input.length; ) at = story.step(input, at)
    return story.end()
  },
}

type Step = readonly [op: number, who: number, frames?: Uint8Array]

function step(dice: Dice): Step {
  const op = dice.below(OPS.length)
  const frames = dice.oneIn(2) ? anyFrame(dice) : meant(dice)
  return [op, dice.below(16), ...(OPS[op] === 'say' ? [frames] : [])] as unknown as Step
}

/** A frame about the pieces that there are. */
function meant(dice: Dice): Uint8Array {
  const frame = Buffer.alloc(17)
  frame.writeUInt32BE(13)
  frame[4] = dice.pick([6, 8, 16])
  frame.writeUInt32BE(dice.below(7), 5)
  frame.writeUInt32BE(dice.pick([0, 16_384, 32_768, 1]), 9)
  frame.writeUInt32BE(dice.pick([16_384, 1, 0, 131_072]), 13)
  const simple = dice.pick([0, 1, 1, 2, 3, 14, 15])
  return dice.oneIn(2) ? new Uint8Array(frame) : Uint8Array.of(0, 0, 0, 1, simple)
}

function tape(first: number, steps: readonly Step[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(first)]
  for (const [op, who, frames] of steps) {
    parts.push(Uint8Array.of(op, who))
    if (frames !== undefined) parts.push(Uint8Array.of(frames.length >> 8, frames.length & 255), frames)
  }
  return new Uint8Array(Buffer.concat(parts))
}

class Story {
  readonly #bench: SwarmBench
  readonly #peers: PeerKey[]
  readonly #codes = new Set<string>()
  #actions = 0

  constructor(first: number) {
    this.#bench = new SwarmBench({
      have: '##....',
      options: { wholePieceLimit: first & 1 ? 0 : 4_194_304, writeRun: 16_384, creditBytes: CREDIT },
      ...((first & 2) !== 0 && { trees: sample.trees() }),
    })
    this.#peers = [0, 1, 2, 3].map((place) => this.#join(place))
  }

  /** Plays the step at `at` and returns where the next one is. */
  step(input: Uint8Array, at: number): number {
    const op = OPS[(input[at] ?? 0) % OPS.length]
    const argument = input[at + 1] ?? 0
    const place = argument & 3
    const peer = must(this.#peers[place])
    let next = at + 2
    if (op === 'say') {
      const length = ((input[next] ?? 0) << 8) | (input[next + 1] ?? 0)
      const frames = input.subarray(next + 2, next + 2 + length)
      next += 2 + length
      this.#say(place, peer, frames)
    } else if (op === 'answer') this.#answer(peer)
    else if (op === 'leave') this.#rejoin(place, peer)
    else if (op === 'pull') this.#pull(peer)
    else if (op === 'wait') this.#bench.wait([20, 1_000, 31_000, 121_000][place] ?? 20)
    else if (op === 'disk')
      disk(this.#bench, (['committed', 'committed', 'rejected', 'failed'] as const)[place] ?? 'committed')
    else wish(this.#bench, argument)
    this.#account()
    return next
  }

  end(): Verdict {
    const { engine: machine } = this.#bench
    for (const peer of this.#peers) this.#bench.leave(peer)
    expectThat(machine.stats.requestedBytes === 0, 'bytes are requested of nobody')
    expectThat(machine.stats.peers === 0, 'peers are left')
    expectThat(
      machine.availability().every((copies) => copies === 0),
      'pieces are available from nobody',
    )
    this.#finish()
    return [...this.#codes].sort().join(' ').slice(0, 60)
  }

  #join(place: number): PeerKey {
    return this.#bench.join('', { capabilities: place === 3 ? PLAIN : FAST, choking: true })
  }

  #rejoin(place: number, peer: PeerKey): void {
    this.#bench.leave(peer)
    this.#peers[place] = this.#join(place)
  }

  #say(place: number, peer: PeerKey, frames: Uint8Array): void {
    const found: Message[] = []
    try {
      const decoder = new MessageDecoder()
      found.push(...decoder.push(frames))
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#rejoin(place, peer)
      return
    }
    this.#bench.say(peer, ...found)
  }

  #answer(peer: PeerKey): void {
    this.#bench.answer(peer, this.#bench.sent(peer, 'request'))
    for (const request of this.#bench.sent(peer, 'hash-request')) this.#bench.say(peer, sample.answer(request))
  }

  #pull(peer: PeerKey): void {
    const { engine: machine, now } = this.#bench
    for (let left = 5_000; machine.nextReply(peer) !== undefined; left--) expectThat(left > 0, 'replies without an end')
    let left = 5_000
    for (let up = machine.nextUpload(peer, now); up !== undefined; up = machine.nextUpload(peer, now)) {
      machine.uploaded(peer, up.length, now)
      expectThat(left-- > 0, 'uploads without an end')
    }
  }

  #account(): void {
    const { requestedBytes, unwrittenBytes } = this.#bench.engine.stats
    expectThat(requestedBytes >= 0 && unwrittenBytes >= 0, 'a negative account')
    expectThat(requestedBytes + unwrittenBytes <= CREDIT, 'more than the credit')
    for (const action of this.#bench.actions) {
      if (action.type !== 'close') continue
      this.#codes.add(action.error.code)
      expectThat(action.error instanceof PeerError, 'a connection ends with another error')
    }
    this.#actions += this.#bench.actions.length
    expectThat(this.#actions < MOST_ACTIONS, 'too much is done for too little')
    // Requests wait for an answer, disk work for the disk.
    this.#bench.actions = this.#bench.actions.filter(
      ({ type }) =>
        type === 'send' || type === 'commit' || type === 'verify' || type === 'write' || type === 'hash-blocks',
    )
    this.#actions -= this.#bench.actions.length
  }

  /** An honest seed comes, and everything is here within a minute. */
  #finish(): void {
    const bench = this.#bench
    bench.engine.resume(bench.now)
    bench.engine.setPriorities(new Uint8Array(6).fill(4), bench.now)
    bench.drain()
    const seed = bench.join('######')
    for (let second = 0; second < 120 && !bench.engine.have.isComplete; second++) {
      const requests = bench.sent(seed, 'request')
      const asked = bench.sent(seed, 'hash-request')
      bench.actions = bench.actions.filter(({ type }) => type !== 'send')
      bench.answer(seed, requests)
      for (const request of asked) bench.say(seed, sample.answer(request))
      disk(bench, 'committed')
      bench.wait(500, [seed])
    }
    expectThat(bench.engine.have.isComplete, 'an honest seed cannot finish it')
  }
}

function disk(bench: SwarmBench, verdict: 'committed' | 'rejected' | 'failed'): void {
  const work = bench.actions
  bench.actions = work.filter(({ type }) => !/^(commit|verify|write|hash-blocks)$/.test(type))
  for (const action of work) {
    if (action.type === 'write') {
      const length = action.blocks.reduce((sum, block) => sum + block.length, 0)
      bench.engine.written(action.piece, action.offset, length, bench.now)
    } else if (action.type === 'hash-blocks') {
      const leaves = verdict === 'failed' ? undefined : sample.leaves(action.piece, verdict === 'rejected' ? [1] : [])
      bench.engine.blockHashes(action.piece, leaves, bench.now)
    } else if (action.type === 'commit' || action.type === 'verify') bench.engine[verdict](action.piece, bench.now)
  }
  bench.drain()
}

function wish(bench: SwarmBench, which: number): void {
  if (which % 5 === 0) bench.engine.pause(bench.now)
  else if (which % 5 === 1) bench.engine.resume(bench.now)
  else if (which % 5 === 2) bench.engine.openWindow({ start: 2, end: 4 }, bench.now)
  else bench.engine.setPriorities(new Uint8Array(6).fill(which % 5 === 3 ? 4 : 0), bench.now)
  bench.drain()
}
