// Tens of thousands of damaged torrents and links. Two kinds of damage: bytes, which tests the syntax, and values inside the
// decoded structure, which gets past the syntax and tests the sense. Each result is an InputError or passes every check of
// `consistency.ts`. The seed is in the test's name; set FUZZ_SEED to replay.

import { describe, expect, test } from '@jest/globals'
import { decode, encode } from '@torrential/bencode'
import { equalBytes, InputError, SeededRandom, toLatin1 } from '@torrential/primitives'
import { createVerifier, formatMagnet, parseInfo, parseMagnet, parseTorrent } from '../src/index.ts'
import { magnetFaults, torrentFaults } from './consistency.ts'
import { Mutator } from './mutator.ts'
import { expected, FIXTURES, fixture } from './support.ts'

const seed = Number(process.env.FUZZ_SEED ?? 20_250_102)
const MUTANTS_PER_FIXTURE = 2000
const MAGNET_MUTANTS = 12_000

/** The result of `parse`, or undefined when it threw a proper error; throws when it did anything else. */
function attempt<T>(parse: () => T, describeInput: () => string): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof InputError && /^(?:BENCODE|TORRENT|MAGNET)_[A-Z0-9_]+$/.test(error.code)) return undefined
    throw new Error(`seed ${seed}: ${describeInput()} threw ${String(error)}`, { cause: error })
  }
}

describe.each(FIXTURES)(`%s, seed ${seed}`, (name) => {
  test(`${MUTANTS_PER_FIXTURE} mutants are refused with a code or make sense`, () => {
    const mutator = new Mutator(new SeededRandom(seed + FIXTURES.indexOf(name)))
    const original = fixture(name)
    const structure = decode(original)
    let accepted = 0
    for (let i = 0; i < MUTANTS_PER_FIXTURE; i++) {
      const mutant = i % 3 === 0 ? mutator.bytes(original) : encode(mutator.value(structure))
      const metainfo = attempt(
        () => parseTorrent(mutant),
        () => toLatin1(mutant),
      )
      if (metainfo === undefined) continue
      accepted++
      const wrong = torrentFaults(metainfo)
      if (wrong.length > 0) throw new Error(`seed ${seed}: ${toLatin1(mutant)} has a wrong ${wrong.join(', ')}`)
      createVerifier(metainfo)
      // A torrent that is accepted must also be accepted when its info dictionary comes alone.
      const { pieceLayers } = metainfo
      const { infoHash } = parseInfo(metainfo.infoBytes, { pieceLayers })
      if (!equalBytes(infoHash, metainfo.infoHash))
        throw new Error(`seed ${seed}: ${toLatin1(mutant)} has two infohashes`)
    }
    expect(accepted).toBeGreaterThan(MUTANTS_PER_FIXTURE / 50)
    expect(accepted).toBeLessThan(MUTANTS_PER_FIXTURE)
  })
})

test(`${MAGNET_MUTANTS} damaged links are refused with a code or make sense, seed ${seed}`, () => {
  const mutator = new Mutator(new SeededRandom(seed))
  const extra = '&so=0,2-5&x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=p.example:7&xl=99&dn=a%20b'
  const samples = FIXTURES.map((name) => expected(name).magnet + extra)
  const pieces = [
    '&',
    '=',
    '%',
    '%00',
    '%ff',
    '..',
    '-',
    ',',
    ':',
    '&so=',
    '&xt=urn:btih:',
    '&x.pe=',
    '9'.repeat(12),
    '%2F',
    '\ud800',
  ]
  let accepted = 0
  for (let i = 0; i < MAGNET_MUTANTS; i++) {
    let uri = samples.at(i % samples.length) ?? ''
    for (let changes = 1 + mutator.below(3); changes > 0; changes--) {
      const at = mutator.below(uri.length)
      const until = at + mutator.below(4)
      uri = uri.slice(0, at) + mutator.pick(['', '', ...pieces], '') + uri.slice(until)
    }
    const magnet = attempt(
      () => parseMagnet(uri),
      () => JSON.stringify(uri),
    )
    if (magnet === undefined) continue
    accepted++
    const wrong = magnetFaults(magnet)
    if (wrong.length > 0) throw new Error(`seed ${seed}: ${JSON.stringify(uri)} has a wrong ${wrong.join(', ')}`)
    const link = formatMagnet(magnet)
    if (formatMagnet(parseMagnet(link)) !== link)
      throw new Error(`seed ${seed}: ${JSON.stringify(uri)} changes when written`)
  }
  expect(accepted).toBeGreaterThan(MAGNET_MUTANTS / 50)
  expect(accepted).toBeLessThan(MAGNET_MUTANTS)
})
