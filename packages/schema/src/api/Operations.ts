/** The endpoints beside those for conversations, as the API's description has them. */
import { endpoint, eventStream, type Json, stream } from "./DataPlaneEndpoint.ts"

const text: Json = { type: "string", minLength: 1 }
const texts: Json = { oneOf: [text, { type: "array", minItems: 1, items: {} }] }
const whoHas = "A provider that has no such endpoint (`POST /v1/explain` tells) is passed over, or refused with 400."

const completions = endpoint({
  operationId: "completions",
  summary: "Complete a prompt",
  description:
    "OpenAI's legacy Completions, to providers that have them. Of others the prompt is asked as a conversation of one message; what that cannot do (several prompts, tokens, `suffix`, `echo`, `logprobs`, `n`) is refused.",
  documentation: "https://platform.openai.com/docs/api-reference/completions/create",
  fields: { prompt: {}, max_tokens: { type: "integer", minimum: 1, default: 16 }, stream },
  required: ["model", "prompt"],
  example: { model: "demo/echo", prompt: "Hello" },
  answer: "A `text_completion`, or its chunks as server-sent events that end with `data: [DONE]`"
})

const embeddings = endpoint({
  operationId: "embeddings",
  summary: "Create embeddings",
  description: `OpenAI's Embeddings: texts, or their tokens, to vectors; as numbers or in base64 whichever the provider has, in several requests where it takes fewer at once. ${whoHas}`,
  documentation: "https://platform.openai.com/docs/api-reference/embeddings/create",
  fields: {
    input: texts,
    encoding_format: { type: "string", enum: ["float", "base64"], default: "float" },
    dimensions: { type: "integer", minimum: 1 }
  },
  required: ["model", "input"],
  example: { model: "demo/embed", input: ["Hello", "World"] },
  answer: "A list of embeddings, in the order of the texts",
  answerTypes: {}
})

const moderations = endpoint({
  operationId: "moderations",
  summary: "Moderate texts or pictures",
  description: `OpenAI's Moderations. ${whoHas}`,
  documentation: "https://platform.openai.com/docs/api-reference/moderations/create",
  fields: { input: texts },
  required: ["input"],
  example: { model: "openai/omni-moderation-latest", input: "Hello" },
  answer: "A result for each input",
  answerTypes: {}
})

const images = endpoint({
  operationId: "images.generations",
  summary: "Create pictures",
  description: `OpenAI's Images: pictures from a text. Their cost is known where the answer counts tokens. ${whoHas}`,
  documentation: "https://platform.openai.com/docs/api-reference/images/create",
  fields: { prompt: text, n: { type: "integer", minimum: 1, default: 1 }, stream },
  required: ["prompt"],
  example: { model: "gpt-image-1", prompt: "A penstock" },
  answer: "The pictures, or events that end with `image_generation.completed`"
})

const speech = endpoint({
  operationId: "audio.speech",
  summary: "Speak a text",
  description: `OpenAI's speech: the sound comes as it is made. When it breaks, the connection does. ${whoHas}`,
  documentation: "https://platform.openai.com/docs/api-reference/audio/createSpeech",
  fields: { input: text, voice: {}, stream_format: { type: "string", enum: ["audio", "sse"], default: "audio" } },
  required: ["model", "input", "voice"],
  example: { model: "gpt-4o-mini-tts", input: "Hello", voice: "alloy" },
  answer: "Sound in the format that was asked for, or events that end with `speech.audio.done`",
  answerTypes: { ...eventStream, "audio/*": { schema: { type: "string", format: "binary" } } }
})

const heard = (name: "transcriptions" | "translations", summary: string, into: string) =>
  endpoint({
    operationId: `audio.${name}`,
    summary,
    description: `OpenAI's ${name}: ${into}. The form is sent on with another model's name and nothing else changed. ${whoHas}`,
    documentation: `https://platform.openai.com/docs/api-reference/audio/create${name === "transcriptions" ? "Transcription" : "Translation"}`,
    fields: { file: { type: "string", format: "binary" } },
    required: ["model", "file"],
    example: { model: "whisper-1" },
    requestType: "multipart/form-data",
    answer: "JSON, text or subtitles, as `response_format` says",
    answerTypes: { ...eventStream, "text/plain": { schema: { type: "string" } } }
  })

export const operations: { readonly [path: string]: Json } = {
  "/v1/completions": completions,
  "/v1/embeddings": embeddings,
  "/v1/moderations": moderations,
  "/v1/images/generations": images,
  "/v1/audio/speech": speech,
  "/v1/audio/transcriptions": heard("transcriptions", "Write down what is said", "speech to text"),
  "/v1/audio/translations": heard("translations", "Write down in English what is said", "speech to English text")
}
