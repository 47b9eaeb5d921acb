"""What crosses the border: envelope, seal, receipt, reasons, agreement, topics and buses."""
