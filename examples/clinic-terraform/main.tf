# API Gateway
resource "aws_apigatewayv2_api" "main" {
  name          = "mybcat-${var.env}"
  protocol_type = "HTTP"

  cors_configuration {
    allow_origins = var.env == "prod" ? ["https://app.mybcat.com"] : ["*"]
    allow_methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    allow_headers = ["Authorization", "Content-Type", "X-Idempotency-Key"]
    max_age       = 3600
  }
}

# Cognito JWT Authoriser
resource "aws_apigatewayv2_authorizer" "cognito" {
  api_id           = aws_apigatewayv2_api.main.id
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  name             = "cognito"

  jwt_configuration {
    audience = [aws_cognito_user_pool_client.app.id]
    issuer   = "https://cognito-idp.${var.region}.amazonaws.com/${aws_cognito_user_pool.main.id}"
  }
}

# Stage with access logging
resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.main.id
  name        = "$default"
  auto_deploy = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api_logs.arn
    format = jsonencode({
      requestId      = "$context.requestId"
      routeKey       = "$context.routeKey"
      status         = "$context.status"
      latency        = "$context.integrationLatency"
      practiceId     = "$context.authorizer.practice_id"
      userAgent      = "$context.identity.userAgent"
    })
  }
}

# Reusable module for Lambda routes
module "book_appointment_route" {
  source         = "./modules/api_route"
  api_id         = aws_apigatewayv2_api.main.id
  authorizer_id  = aws_apigatewayv2_authorizer.cognito.id
  route_key      = "POST /appointments"
  lambda_arn     = aws_lambda_function.book_appointment.invoke_arn
}

module "get_slots_route" {
  source         = "./modules/api_route"
  api_id         = aws_apigatewayv2_api.main.id
  authorizer_id  = aws_apigatewayv2_authorizer.cognito.id
  route_key      = "GET /practices/{practiceId}/slots"
  lambda_arn     = aws_lambda_function.get_slots.invoke_arn
}

# Health check โ€” mock response, no Lambda invoked
resource "aws_apigatewayv2_route" "health" {
  api_id    = aws_apigatewayv2_api.main.id
  route_key = "GET /health"
  target    = "integrations/${aws_apigatewayv2_integration.health_mock.id}"
}
