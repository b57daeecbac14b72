// Magnet links: whatever is accepted makes sense, and stays the same when it is written and read again.

import { formatMagnet, parseMagnet } from '@torrential/metainfo'
import { InputError } from '@torrential/primitives'
import { magnetFaults } from '../../../metainfo/test/consistency.ts'
import type { Dice } from '../dice.ts'
import { outcomeOf, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const V1 = 'urn:btih:631a31dd0a46257d5078c0dee4e66e26f73e42ac'
const BASE32 = 'urn:btih:MMNDDXIKIYSX2UDYYDPOJZTOE33T4QVM'
const V2 = 'urn:btmh:1220d8dd32ac93357c368556af3ac1d95c9d76bd0dff6fa9833ecdac3d53134efabb'
const KEYS = ['xt', 'dn', 'tr', 'ws', 'xs', 'as', 'x.pe', 'so', 'xl', 'xt.1', 'tr.2', 'kt', '__proto__', '']
const VALUES = [
  V1,
  BASE32,
  V2,
  '1.2.3.4:5',
  '[::1]:6',
  'p.example:7',
  '0,2-5',
  '9-1',
  '99999999999',
  'http://t.example/announce',
  'udp://t.example:1',
  'a%20b',
  '%',
  '%00',
  '..%2F',
  '%ff',
  'x'.repeat(500),
]

export const magnet: Surface = {
  name: 'magnet',
  seeds: texts(
    `magnet:?xt=${V1}`,
    `magnet:?xt=${BASE32}&dn=a%20b&tr=udp%3A%2F%2Ft.example%3A1`,
    `magnet:?xt=${V1}&xt=${V2}&so=0,2-5&x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=p.example:7&xl=99&ws=http://s.example/a`,
  ),
  words: texts(
    '&',
    '=',
    '%',
    '%00',
    '%ff',
    '%2F',
    '..',
    '-',
    ',',
    ':',
    `&xt=${V2}`,
    '&so=',
    '&x.pe=',
    '999999999999',
    '\ud800',
  ),
  generate: (dice) =>
    new Uint8Array(Buffer.from(`magnet:?${Array.from({ length: 1 + dice.size(9) }, () => pair(dice)).join('&')}`)),
  judge(input) {
    const read = outcomeOf(InputError, /^MAGNET_[A-Z0-9_]+$/, () => parseMagnet(Buffer.from(input).toString()))
    if (!('value' in read)) return read.code
    const faults = magnetFaults(read.value)
    expectThat(faults.length === 0, `impossible: ${faults.join(', ')}`)
    const link = formatMagnet(read.value)
    expectThat(formatMagnet(parseMagnet(link)) === link, 'it changes when written and read')
    const { infoHashV1, infoHashV2, select, peers } = read.value
    return `accepted ${infoHashV1 !== undefined} ${infoHashV2 !== undefined} ${select.length > 0} ${peers.length > 0}`
  },
}

function pair(dice: Dice): string {
  return dice.oneIn(3) ? `xt=${dice.pick([V1, BASE32, V2])}` : `${dice.pick(KEYS)}=${dice.pick(VALUES)}`
}
