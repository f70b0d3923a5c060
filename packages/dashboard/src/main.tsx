import "@xyflow/react/dist/style.css"
import "./design/tokens.css"
import "./design/base.css"
import "./design/parts.css"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./shell/App.tsx"

const root = document.getElementById("root")
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>
  )
}
