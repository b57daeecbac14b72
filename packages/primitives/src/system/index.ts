// The real clock and the real dice: the one place below floor 4 that touches them, and only floors 4 and above may import it.
export { systemClock } from './system-clock.ts'
export { systemRandom } from './system-random.ts'
