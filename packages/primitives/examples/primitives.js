// From numbers that a stranger sent to bytes of a file, and a machine that lives through ten minutes in no time.
import {
  Bitfield,
  drive,
  EventHub,
  formatAddress,
  Geometry,
  parseAddress,
  Scope,
  VirtualClock,
} from '@torrential/primitives'

// Three files in pieces of 32 KiB. Only what passes the gate is a block.
const geometry = new Geometry('v1', 32_768, [{ length: 40_000 }, { length: 0 }, { length: 30_000 }])
console.log(`${geometry.pieceCount} pieces, the last of ${geometry.lengthOf(geometry.piece(2))} bytes`)
for (const [piece, offset, length] of [
  [1, 0, 16_384],
  [2, 16_384, 16_384],
]) {
  const block = geometry.block(piece, offset, length)
  if (block === undefined) console.log(`piece ${piece} has no such block`)
  else for (const slice of geometry.slices(block.piece, block.offset, block.length)) console.log(slice)
}

const have = Bitfield.from(Uint8Array.of(0b1010_0000), geometry.pieceCount)
console.log(`have ${[...have].join(', ')}: ${have.count} of ${have.length}`)
console.log(formatAddress(parseAddress('[::ffff:192.0.2.7]:6881')))

/** Policy without I/O: says `keep-alive` when two minutes have passed. */
class KeepAlive {
  deadline = 120_000
  #due = 0

  tick(now) {
    if (now < this.deadline) return
    this.#due++
    this.deadline = now + 120_000
  }

  next() {
    return this.#due-- > 0 ? 'keep-alive' : ((this.#due = 0), undefined)
  }
}

// Whatever must be closed belongs to a scope.
const scope = new Scope()
const clock = new VirtualClock()
const events = new EventHub()
const seen = events.subscribe()
scope.own({ [Symbol.dispose]: () => events.close() })
scope.own(drive(new KeepAlive(), clock, (type) => events.emit({ type, at: clock.now() })))

clock.advance(600_000)
await scope.close()
let count = 0
for await (const { type, at } of seen) {
  console.log(`${type} after ${at / 1000} s`)
  count++
}
if (count !== 5 || clock.pending !== 0)
  throw new Error(`expected 5 events and no timer, got ${count}, ${clock.pending}`)
