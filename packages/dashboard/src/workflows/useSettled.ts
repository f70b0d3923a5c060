/** A value once it has been left alone for a moment: what is asked of a server for each of its states is asked less often. */
import { useEffect, useState } from "react"

const quietMillis = 300

export const useSettled = <A>(value: A): A => {
  const [settled, settle] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => settle(value), quietMillis)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
