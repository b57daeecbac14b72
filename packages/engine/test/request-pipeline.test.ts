import { BLOCK_LENGTH, Geometry, type PieceIndex } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { PartialPiece } from '../src/partial-piece.ts'
import { RequestPipeline } from '../src/request-pipeline.ts'

const limits = {
  maxRequests: 500,
  pipelineTime: 3_000,
  affordableTime: Number.POSITIVE_INFINITY,
  share: 500,
  isRead: false,
}
const geometry = new Geometry('v1', 4_096 * BLOCK_LENGTH, [{ length: 4_096 * BLOCK_LENGTH }])
const partial = new PartialPiece(0 as PieceIndex, geometry, false, 0)

/** One round trip: everything outstanding is answered in one batch, then as much as there is room for is asked. */
function roundTrip(pipeline: RequestPipeline, next: { block: number }): number {
  const answers = pipeline.requests.map(({ block }) => block)
  for (const block of answers) pipeline.take(0, block)
  pipeline.grow(answers.length, limits)
  for (let room = pipeline.room(limits); room > 0; room--) pipeline.push(partial, next.block++, 0)
  return pipeline.length
}

describe('RequestPipeline', () => {
  test('starts with 4 and doubles every round trip up to the most', () => {
    const pipeline = new RequestPipeline()
    pipeline.reqq = 2_000
    const next = { block: 0 }
    expect(Array.from({ length: 9 }, () => roundTrip(pipeline, next))).toEqual([4, 8, 16, 32, 64, 128, 256, 500, 500])
  })

  test('is short while somebody reads, and as before when nobody does', () => {
    const pipeline = new RequestPipeline()
    pipeline.reqq = 2_000
    const next = { block: 0 }
    for (let trip = 0; trip < 8; trip++) roundTrip(pipeline, next)
    const read = { ...limits, isRead: true }
    expect([pipeline.depth(limits), pipeline.depth(read)]).toEqual([500, 64])
    // A block each two milliseconds, none later than 20 behind its request.
    for (let at = 0; at < 200; at++) {
      const request = { partial, block: at, at: 2 * at, isLive: true, isOwed: false, isRepeat: false }
      pipeline.answered(request, 2 * at + 20, read)
    }
    expect([pipeline.depth(limits), pipeline.depth(read)]).toEqual([500, 16])
  })

  test('does not tell the length of the line by the answer to one of two requests for a block', () => {
    const pipeline = new RequestPipeline()
    const read = { ...limits, isRead: true }
    pipeline.reqq = 2_000
    for (let trip = 0, next = { block: 0 }; trip < 8; trip++) roundTrip(pipeline, next)
    pipeline.clear()
    for (let block = 0; block < 200; block++) {
      pipeline.push(partial, block, 2 * block)
      pipeline.retire(pipeline.requests[0]!)
      pipeline.push(partial, block, 2 * block + 60)
      const twice = pipeline.take(0, block)!
      expect(twice).toMatchObject({ isLive: true, isRepeat: true })
      pipeline.answered(twice, 2 * block + 61, read)
      pipeline.clear()
    }
    // As before: the answers came one millisecond behind the second requests, which would be 16.
    expect(pipeline.depth(read)).toBeGreaterThan(64)
  })

  test('never asks for more than the peer said it queues, nor more than 250 when it said nothing', () => {
    const pipeline = new RequestPipeline()
    const next = { block: 0 }
    for (let trip = 0; trip < 10; trip++) roundTrip(pipeline, next)
    expect(pipeline.length).toBe(250)
    pipeline.reqq = 10
    expect(pipeline.depth(limits)).toBe(10)
  })

  test('covers three seconds of the rate once the rate stops growing', () => {
    const pipeline = new RequestPipeline()
    const next = { block: 0 }
    for (let trip = 0; trip < 4; trip++) roundTrip(pipeline, next)
    pipeline.measure(100_000, limits)
    expect(pipeline.inSlowStart).toBe(true)
    roundTrip(pipeline, next)
    pipeline.measure(103_000, limits)
    expect(pipeline.inSlowStart).toBe(false)
    expect(pipeline.depth(limits)).toBe(Math.ceil((3 * 103_000) / BLOCK_LENGTH))
    pipeline.measure(1_000, limits)
    expect(pipeline.depth(limits)).toBe(2)
    // All stood still for a while, so the credit would last for ever.
    pipeline.measure(0, limits)
    expect(pipeline.depth(limits)).toBe(2)
  })

  test('takes a reject for the answer to the request that was taken back, and a block for that to the one that counts', () => {
    for (const isReject of [true, false]) {
      const pipeline = new RequestPipeline()
      pipeline.push(partial, 7, 0)
      const takenBack = pipeline.find(0, 7)
      pipeline.retire(takenBack as NonNullable<typeof takenBack>)
      pipeline.push(partial, 7, 1)
      const answered = isReject ? pipeline.takeRejected(0, 7) : pipeline.take(0, 7)
      expect([answered?.isLive, answered?.at]).toEqual(isReject ? [false, 0] : [true, 1])
      expect(pipeline.live).toBe(isReject ? 1 : 0)
      expect(pipeline.takeRejected(0, 7)?.isLive).toBe(isReject)
      expect(pipeline.takeRejected(0, 7)).toBeUndefined()
    }
  })

  test('asks a snubbed peer for one block at a time', () => {
    const pipeline = new RequestPipeline()
    pipeline.isSnubbed = true
    expect(pipeline.room(limits)).toBe(1)
    pipeline.push(partial, 0, 0)
    expect(pipeline.room(limits)).toBe(0)
  })

  test('has no room until a quarter has drained, so that requests go out in bunches', () => {
    const pipeline = new RequestPipeline()
    pipeline.grow(96, limits)
    for (let block = 0; block < 100; block++) pipeline.push(partial, block, 0)
    for (let block = 0; block < 24; block++) pipeline.take(0, block)
    expect(pipeline.room(limits)).toBe(0)
    pipeline.take(0, 24)
    expect(pipeline.room(limits)).toBe(25)
  })

  test('has no room until half of a short pipeline has drained', () => {
    const pipeline = new RequestPipeline()
    pipeline.grow(16, limits)
    for (let block = 0; block < 20; block++) pipeline.push(partial, block, 0)
    for (let block = 0; block < 9; block++) pipeline.take(0, block)
    expect(pipeline.room(limits)).toBe(0)
    pipeline.take(0, 9)
    expect(pipeline.room(limits)).toBe(10)
  })

  test('takes a rate that creeps up for one that has stopped growing', () => {
    const pipeline = new RequestPipeline()
    const next = { block: 0 }
    for (const [rate, isGrowing] of [
      [1_000_000, true],
      [1_200_000, true],
      [1_310_000, false],
    ] as const) {
      for (let trip = 0; trip < 2; trip++) roundTrip(pipeline, next)
      pipeline.measure(rate, limits)
      expect(pipeline.inSlowStart).toBe(isGrowing)
    }
  })

  test('covers what there is credit for where that is less than three seconds, and half of an equal share at the least', () => {
    const pipeline = new RequestPipeline()
    const next = { block: 0 }
    for (let trip = 0; trip < 4; trip++) roundTrip(pipeline, next)
    pipeline.measure(2_000_000, limits)
    roundTrip(pipeline, next)
    const short = { ...limits, affordableTime: 500, share: 40 }
    pipeline.measure(2_000_000, short)
    expect(pipeline.depth(limits)).toBe(Math.ceil(1_000_000 / BLOCK_LENGTH))
    pipeline.measure(200_000, short)
    expect(pipeline.depth(limits)).toBe(20)
    pipeline.measure(50_000, short)
    expect(pipeline.depth(limits)).toBe(Math.ceil(150_000 / BLOCK_LENGTH))
  })

  test('tells which requests are overdue, whatever becomes of them meanwhile', () => {
    const pipeline = new RequestPipeline()
    for (const block of [0, 1, 2]) pipeline.push(partial, block, 100 * block)
    expect(pipeline.overdue(50, 40)).toEqual([])
    const overdue = pipeline.overdue(50, 150)
    expect(overdue.map(({ block }) => block)).toEqual([0, 1])
    for (const request of overdue) pipeline.drop(request)
    expect(overdue).toHaveLength(2)
    expect(pipeline.overdue(0, 200).map(({ block }) => block)).toEqual([2])
  })

  test('finds answers out of order, and does not count retired requests', () => {
    const pipeline = new RequestPipeline()
    for (let block = 0; block < 4; block++) pipeline.push(partial, block, 0)
    expect(pipeline.take(0, 2)?.block).toBe(2)
    expect(pipeline.take(0, 2)).toBeUndefined()
    const first = pipeline.requests[0]
    if (first !== undefined) pipeline.retire(first)
    expect(pipeline.live).toBe(2)
    expect(pipeline.find(0, 0)).toBeUndefined()
    pipeline.push(partial, 0, 50)
    expect(pipeline.find(0, 0)?.at).toBe(50)
    // The one that counts first, then the one that was given up.
    expect(pipeline.take(0, 0)?.isLive).toBe(true)
    expect(pipeline.take(0, 0)?.isLive).toBe(false)
    expect(pipeline.live).toBe(2)
  })
})
