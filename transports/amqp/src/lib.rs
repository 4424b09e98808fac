//! Carries envelopes over AMQP 0-9-1 (RabbitMQ).
