/** Try a model or a workflow as a caller would, and see what it cost. */
import { PageHead } from "../design/Parts.tsx"
import { AskModel } from "./AskModel.tsx"
import { StartWorkflow } from "./StartWorkflow.tsx"

export const PlaygroundPage = () => (
  <>
    <PageHead title="Playground" />
    <div className="panels">
      <AskModel />
      <StartWorkflow />
    </div>
  </>
)
