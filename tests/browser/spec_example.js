// Connect to SSE stream
const eventSource = new EventSource('/api/telemetry/stream');

eventSource.onmessage = (event) => {
  const data = JSON.parse(event.data);
  console.log(`Event: ${data.type}`, data.payload);
  
  // Handle different event types
  switch (data.type) {
    case 'signal_event':
      handleSignal(data.payload);
      break;
    case 'order_event':
      handleOrder(data.payload);
      break;
    case 'engine_health':
      updateHealthMetrics(data.payload);
      break;
  }
};

eventSource.onerror = (error) => {
  console.error('SSE error:', error);
};

// Filter by event type
const orderStream = new EventSource('/api/telemetry/stream?event_type=order_event');
orderStream.onmessage = (event) => {
  const order = JSON.parse(event.data);
  updateOrderBook(order.payload);
};
