# The functions that the routes call, and the health check, which answers without one.
locals {
  functions = {
    book_appointment = "appointments.book"
    get_slots        = "slots.list_slots"
  }
}

data "archive_file" "functions" {
  type        = "zip"
  source_dir  = "functions"
  output_path = "${path.module}/functions.zip"
}

resource "aws_lambda_function" "book_appointment" {
  function_name = "book_appointment"
  filename      = data.archive_file.functions.output_path
  handler       = local.functions.book_appointment
  runtime       = "python3.11"
  timeout       = 10
  memory_size   = 256
  role          = aws_iam_role.functions.arn

  environment {
    variables = {
      CLINIC = upper(var.env)
    }
  }
}

resource "aws_lambda_function" "get_slots" {
  function_name = "get_slots"
  filename      = data.archive_file.functions.output_path
  handler       = local.functions.get_slots
  runtime       = "python3.11"
  timeout       = 5
  role          = aws_iam_role.functions.arn
}

resource "aws_iam_role" "functions" {
  name = "clinic-functions"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_cloudwatch_log_group" "api_logs" {
  name = "/clinic/api"
}

resource "aws_apigatewayv2_integration" "health_mock" {
  api_id            = aws_apigatewayv2_api.main.id
  integration_type  = "MOCK"
  request_templates = { "200" = jsonencode({ statusCode = 200 }) }
}

resource "aws_apigatewayv2_integration_response" "health_mock" {
  api_id                   = aws_apigatewayv2_api.main.id
  integration_id           = aws_apigatewayv2_integration.health_mock.id
  integration_response_key = "$default"
  response_templates       = { "application/json" = jsonencode({ status = "ok" }) }
}
