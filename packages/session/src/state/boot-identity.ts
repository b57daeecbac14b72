// Which run of the system this is: the memory of the system, and with it all that was written and not yet on the disk, lives
// exactly as long. Linux gives each boot a name; elsewhere it is the minute in which the system started, and a clock that was
// set meanwhile merely costs hashing a few pieces that were fine.

import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

export function bootIdentity(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return `started ${Math.round(Date.now() / 60_000 - uptime() / 60)}`
  }
}
