// Who has a lock: a session in a process, which a later process with the same number differs from by its start and the system's boot.

import { readFileSync } from 'node:fs'
import { bootIdentity } from './boot-identity.ts'

export interface LockOwner {
  readonly pid: number
  readonly boot: string
  /** When the process started, in a unit of the system's; empty where it does not tell. */
  readonly started: string
}

let lockings = 0

/** What stands in a lock of this process; no two are alike. `session`: any text that no other session has. */
export function ownText(session: string): string {
  const { pid } = process
  return JSON.stringify({ pid, boot: bootIdentity(), started: startOf(pid), session, number: ++lockings })
}

/** Undefined when nobody can be told from the text. */
export function ownerIn(text: string): LockOwner | undefined {
  try {
    const { pid, boot, started } = JSON.parse(text) as Record<string, unknown>
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0) return undefined
    return { pid: pid as number, boot: String(boot), started: String(started) }
  } catch {
    return undefined
  }
}

export function isAlive({ pid, boot, started }: LockOwner): boolean {
  if (boot !== bootIdentity()) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // A process that is not ours to signal is there all the same.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return started === startOf(pid)
}

/** Field 22 of Linux's /proc/PID/stat; the name in field 2 may hold anything, so fields are counted from its end. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
