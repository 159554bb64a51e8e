// Clients that ship no types.
declare module "eventsource-v2" {
  const EventSource: new (url: string) => unknown;
  export default EventSource;
}
declare module "launchdarkly-eventsource" {
  export const EventSource: new (url: string) => unknown;
}
