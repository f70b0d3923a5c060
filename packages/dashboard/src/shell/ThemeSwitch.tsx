/** Light, dark, or as the system has it. Every colour is a pair (`light-dark`), so this is all there is to it. */
import { useEffect, useState } from "react"

const storedAs = "penstock.theme"
const schemes = { system: "light dark", light: "light", dark: "dark" } as const
type Theme = keyof typeof schemes

const isTheme = (text: string | null): text is Theme => text !== null && Object.hasOwn(schemes, text)

const stored = (): Theme => {
  const text = localStorage.getItem(storedAs)
  return isTheme(text) ? text : "system"
}

export const ThemeSwitch = () => {
  const [theme, setTheme] = useState(stored)
  useEffect(() => {
    document.documentElement.style.colorScheme = schemes[theme]
    localStorage.setItem(storedAs, theme)
  }, [theme])
  return (
    <select
      aria-label="Colours"
      value={theme}
      onChange={({ target: { value } }) => {
        if (isTheme(value)) setTheme(value)
      }}
    >
      <option value="system">System</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  )
}
